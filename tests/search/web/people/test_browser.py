"""Naming people in a real browser, from the page to the reports."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from search.web.library import key_of
from tests.recognizers.minedcollection import draw
from tests.running import PATIENCE_S
from tests.search.web.browsing import assert_accessible, keep, watched_page
from tests.search.web.people.conftest import PEOPLE, PHOTOS, Family


@pytest.fixture
def address(start_server) -> str:
    """The address of a server of the family."""
    found, _ = start_server()
    return str(found)


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page of people, when the faces are grouped."""
    with watched_page(browser, address) as made:
        made.goto("/people")
        expect(made.get_by_label("Name of group 1", exact=True)).to_be_visible(timeout=PATIENCE_S * 1000)
        expect(made.locator('.job[data-running="true"]')).to_have_count(0, timeout=PATIENCE_S * 1000)
        yield made


def names_in(family: Family, photo: str) -> list[str]:
    """The names that a photo's report gives, from left to right."""
    report = json.loads((family.output / f"{photo}.json").read_text())
    found = sorted(report["frames"][0]["names"], key=lambda one: one["rect"])
    return [one["labels"][0]["label"] for one in found]


def test_from_the_page_to_the_folder_the_model_and_the_reports(page: Page, family: Family) -> None:
    order = [""] * len(PEOPLE)
    for number, name in enumerate(("Anna", "Ben", "Carla", "David"), start=1):
        field = page.get_by_label(f"Name of group {number}", exact=True)
        if number > 1:
            expect(field).to_be_focused()  # the next group waits for its name
        else:
            field.focus()
        page.keyboard.type(name)
        if number == 3:
            page.locator(".teach code").evaluate("folder => { folder.textContent = '/home/anna/faces'; }")
            keep(page, "people-page")
        page.keyboard.press("Enter")
        expect(page.get_by_text(f"{PHOTOS} faces: {name}.")).to_be_visible(timeout=30_000)
        left = min(_left_of(path) for path in family.pictures_of(name))
        order[left // 192] = name
    draw(family.input, "later.png", [PEOPLE[0]], PHOTOS + 1)
    expect(page.get_by_text(f"{PHOTOS * len(PEOPLE)} pictures of named faces are new")).to_be_visible()
    page.get_by_role("button", name="Teach the model").click()
    expect(page.get_by_text("The model knows all named faces.")).to_be_visible(timeout=PATIENCE_S * 1000)
    expect(page.get_by_text("Every face that can be compared has a name.")).to_be_visible(timeout=60_000)
    for number in range(PHOTOS):
        assert names_in(family, f"all{number}.png") == order
    assert names_in(family, "later.png") == [order[0]]  # nobody has said who this is: the model knows it
    page.get_by_role("combobox", name="Search").fill(f'name:"{order[0]}"')
    page.keyboard.press("Enter")
    expect(page.locator(".tile")).to_have_count(PHOTOS + 1)
    _correct_on_the_page_of_a_photo(page, family, order)
    _correct_on_the_page_of_a_person(page, family, order)


def _correct_on_the_page_of_a_photo(page: Page, family: Family, order: list[str]) -> None:
    """The second face from the left gets another name, and the next run obeys."""
    page.goto(f"/file/{key_of(b'all0.png')}")
    page.get_by_label(f"Correct: {order[1]}").click()
    form = page.locator("details[open] form")
    form.get_by_label("Name").fill("Zoe")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("1 face: Zoe.")
    assert [_left_of(path) // 192 for path in family.pictures_of("Zoe")] == [1]


def _correct_on_the_page_of_a_person(page: Page, family: Family, order: list[str]) -> None:
    page.goto("/people")
    page.get_by_role("link", name=f"Faces: {order[3]}").click()
    expect(page.get_by_role("checkbox")).to_have_count(PHOTOS)
    page.get_by_role("checkbox", name="Face from all1.png").check()
    page.get_by_role("button", name=f"Not {order[3]}").click()
    expect(page.get_by_role("status")).to_have_text(f"1 face: not {order[3]}.")
    expect(page.get_by_role("checkbox")).to_have_count(PHOTOS - 1)
    page.goto("/people")
    page.get_by_role("button", name="Teach the model").click()
    expect(page.get_by_text("The model knows all named faces.")).to_be_visible(timeout=PATIENCE_S * 1000)
    assert names_in(family, "all0.png") == [order[0], "Zoe", *order[2:]]
    assert names_in(family, "all1.png") == [*order[:3], "unknown"]
    assert names_in(family, "all2.png") == order
    model = json.loads((family.folder / "model" / "model.json").read_text())
    # The corrected pictures were not taught: one is Zoe's now, the other nobody's.
    assert model["images_per_label"] == {
        order[0]: PHOTOS,
        order[1]: PHOTOS - 1,
        order[2]: PHOTOS,
        order[3]: PHOTOS - 1,
        "Zoe": 1,
    }


def _left_of(path) -> int:
    from recognizers.faces.folderrecord import read_facts

    facts = read_facts(str(path))
    assert facts is not None
    assert facts.box is not None
    return facts.box[0]


def test_faces_of_a_group_are_chosen_by_keyboard(page: Page, family: Family) -> None:
    page.get_by_label("Group 2, 5 faces: Show all faces").click()
    boxes = page.get_by_role("checkbox")
    expect(boxes).to_have_count(PHOTOS)
    boxes.first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("input:checked")).to_have_count(2)
    page.get_by_role("button", name="Not this person").click()
    expect(page.get_by_role("status")).to_have_text("2 faces: moved out of group 2.")
    expect(page.get_by_role("checkbox")).to_have_count(PHOTOS - 2)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("checkbox")).to_have_count(PHOTOS)
    page.get_by_role("button", name="Choose all").click()
    expect(page.locator("input:checked")).to_have_count(PHOTOS)
    page.get_by_role("combobox", name="Name", exact=True).fill("Ann")
    page.keyboard.press("Enter")
    expect(page.get_by_text("5 faces: Ann.")).to_be_visible()
    assert len(family.pictures_of("Ann")) == PHOTOS


def test_groups_are_merged_and_the_change_is_taken_back(page: Page) -> None:
    for number in (0, 2):
        page.get_by_label("Choose to merge").nth(number).check()
    page.get_by_role("button", name="Merge the chosen groups").click()
    expect(page.get_by_role("status")).to_have_text("Merged groups 1, 3.")
    expect(page.get_by_label("Group 1, 10 faces: Show all faces")).to_be_visible()
    page.get_by_role("button", name="Undo: Merged groups 1, 3").click()
    expect(page.get_by_label("Group 3, 5 faces: Show all faces")).to_be_visible()


def test_a_refusal_is_said_at_the_name(page: Page) -> None:
    field = page.get_by_label("Name of group 1", exact=True)
    field.fill("unknown")
    page.keyboard.press("Enter")
    sentence = '"unknown" has a meaning for the program; choose another name.'
    expect(field).to_have_js_property("validationMessage", sentence)
    field.fill("Ann")
    page.keyboard.press("Enter")
    expect(page.get_by_text("5 faces: Ann.")).to_be_visible()


def test_without_a_script(browser: Browser, page: Page, address: str, family: Family) -> None:
    context = browser.new_context(base_url=address, java_script_enabled=False)
    plain = context.new_page()
    plain.goto("/people")
    plain.get_by_label("Name of group 1", exact=True).fill("<b>Ann</b>")
    plain.get_by_role("button", name="Save").first.click()
    expect(plain.get_by_role("status")).to_have_text("5 faces: <b>Ann<-b>.")
    assert len(family.pictures_of("<b>Ann<-b>")) == PHOTOS
    plain.get_by_role("button", name="Undo", exact=True).first.click()
    expect(plain.get_by_label("Name of group 1", exact=True)).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible_and_never_wider_than_a_phone(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.get_by_label("Name of group 4", exact=True).fill("Dora")
    page.keyboard.press("Enter")
    expect(page.get_by_text("5 faces: Dora.")).to_be_visible()
    for address in ("/people", "/people/group/1", "/people/group/0", "/people/person?name=Dora"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert_accessible(page)
        page.set_viewport_size({"width": 380, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= 380, address
        page.set_viewport_size({"width": 1200, "height": 800})
        cards = page.locator(".groups > li").evaluate_all(
            "all => all.map(e => e.scrollWidth - e.clientWidth)"
        )
        assert all(wider <= 0 for wider in cards), address


def test_a_face_leads_to_its_photo(page: Page) -> None:
    page.get_by_label("Group 1, 5 faces: Show all faces").click()
    page.get_by_role("link", name="all0.png").click()
    expect(page).to_have_url(f"{page.url.partition('/file')[0]}/file/{key_of(b'all0.png')}")
    expect(page.locator(".picture img")).to_be_visible()
