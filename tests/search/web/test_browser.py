"""The page in a real browser: what a person sees, types, and reaches by keyboard."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from search.web.library import key_of
from tests.search.web.browsing import assert_accessible, watched_page
from tests.search.web.conftest import DOG_BOX, HOSTILE_PATH, PHOTO_WH, Collection


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    """A page of the collection."""
    with watched_page(browser, server) as made:
        yield made


def test_a_search_and_the_way_back(page: Page) -> None:
    page.goto("/")
    box = page.get_by_role("combobox")
    box.fill("label:dog -name:anna")
    box.press("Enter")
    expect(page.locator(".tile")).to_have_count(2)
    page.locator(".tile").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("dog2.jpg")
    page.get_by_role("link", name="Next →").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("dog1.jpg")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", level=1)).to_have_text("dog2.jpg")
    page.keyboard.press("Escape")
    expect(page.locator(".tile")).to_have_count(2)
    expect(page.get_by_role("combobox")).to_have_value("label:dog -name:anna")


def test_facets_narrow_down_and_widen(page: Page) -> None:
    page.goto("/")
    page.get_by_role("complementary").get_by_role("link", name="Anna").click()
    expect(page.locator(".tile")).to_have_count(1)
    page.get_by_role("complementary").get_by_role("link", name="Anna").click()
    expect(page.locator(".tile")).to_have_count(8)
    page.get_by_role("navigation", name="Years").get_by_role("link", name="2008").click()
    expect(page.get_by_role("link", name="June")).to_be_visible()


def test_each_term_of_the_search_can_be_removed(page: Page) -> None:
    page.goto("/?q=label:dog+name:anna+taken:2008")
    chips = page.get_by_role("list", name="This search").get_by_role("link")
    expect(chips).to_contain_text(["Remove label:dog", "Remove name:anna", "Remove taken:2008"])
    chips.nth(1).click()
    expect(page.get_by_role("combobox")).to_have_value("label:dog taken:2008")
    expect(page.locator(".tile")).to_have_count(3)
    years = page.get_by_role("navigation", name="Years")
    expect(years.locator("[aria-current]")).to_contain_text(["2008"])


def test_the_keyboard_alone(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("do")
    expect(page.get_by_role("option", name="label:dog")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox")).to_have_value("label:dog ")
    page.keyboard.press("Enter")
    expect(page.locator(".tile")).to_have_count(3)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".tile").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("dog1.jpg")


def test_boxes_are_where_the_report_says(page: Page) -> None:
    page.goto(f"/file/{key_of(b'2008/dog0.jpg')}")
    picture = page.locator(".picture img").bounding_box()
    box = page.locator('.detection[data-label="dog"] .line').bounding_box()
    assert picture is not None
    assert box is not None
    scale = picture["width"] / PHOTO_WH[0]
    x1, y1, x2, y2 = DOG_BOX
    assert box["x"] - picture["x"] == pytest.approx(x1 * scale, abs=2)
    assert box["y"] - picture["y"] == pytest.approx(y1 * scale, abs=2)
    assert box["width"] == pytest.approx((x2 - x1) * scale, abs=3)
    assert box["height"] == pytest.approx((y2 - y1) * scale, abs=3)


def test_boxes_are_switched_by_component_and_marked_in_the_list(page: Page) -> None:
    page.goto(f"/file/{key_of(b'2008/dog0.jpg')}")
    page.get_by_text("Shown on the picture").click()
    page.get_by_label("names").uncheck()
    expect(page.locator('.detection[data-label="Anna"]')).to_be_hidden()
    expect(page.locator('.detection[data-label="dog"]')).to_be_visible()
    page.get_by_role("checkbox", name="dog").uncheck()
    expect(page.locator('.detection[data-label="dog"]')).to_be_hidden()
    page.get_by_role("checkbox", name="dog").check()
    page.locator(".boxes a", has_text="dog").focus()
    expect(page.locator('.detection[data-label="dog"]')).to_have_class("detection colour-2 marked")


def test_a_face_with_a_name_has_one_caption(page: Page) -> None:
    page.goto(f"/file/{key_of(b'2008/dog0.jpg')}")
    expect(page.locator(".overlay text:visible")).to_have_text(["dog 0.91", "Anna"])
    page.get_by_text("Shown on the picture").click()
    page.get_by_label("names").uncheck()
    expect(page.locator(".overlay text:visible")).to_have_text(["dog 0.91", "face 0.88"])


def test_captions_do_not_lie_over_each_other(page: Page) -> None:
    page.goto(f"/file/{key_of(b'2008/dog0.jpg')}")
    page.get_by_text("Shown on the picture").click()
    rects = """all => all.filter(one => one.getBoundingClientRect().width).map(one => {
      const { left, right, top, bottom } = one.getBoundingClientRect();
      return [left, right, (top + bottom) / 2, bottom - top];
    })"""
    for box in page.locator(".detection rect").all():
        for name, value in {"x": 300, "y": 200}.items():
            box.evaluate("(rect, [name, value]) => rect.setAttribute(name, value)", [name, value])
    page.get_by_label("names").uncheck()
    found = page.locator(".overlay .detection:not(.hidden) text").evaluate_all(rects)
    assert len(found) == 2
    (_, _, one, height), (_, _, other, _) = found
    assert abs(one - other) > 0.7 * height


def test_captions_are_readable_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 380, "height": 700})
    page.goto(f"/file/{key_of(b'2008/dog0.jpg')}")
    caption, picture = page.locator(".overlay text").first, page.locator(".picture")
    expect(caption).to_be_visible()
    assert caption.evaluate("text => text.getBoundingClientRect().height") >= 12
    assert caption.evaluate("text => text.getBoundingClientRect().right") <= picture.evaluate(
        "figure => figure.getBoundingClientRect().right"
    )


def test_months_with_few_pictures_share_a_row(page: Page) -> None:
    page.goto("/?q=anna OR type:video")
    tops = page.locator(".month").evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
    assert len(tops) == 3
    assert len(set(tops)) < 3
    assert page.evaluate("document.documentElement.scrollWidth") <= 1200


def test_a_word_that_is_misspelled_gets_a_suggestion(page: Page) -> None:
    page.goto("/?q=name:ana")
    page.get_by_role("link", name="name:Anna").click()
    expect(page.locator(".tile")).to_have_count(1)


def test_the_path_is_copied(page: Page, collection: Collection) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/file/{key_of(b'2008/dog0.jpg')}")
    page.get_by_role("button", name="Copy the path").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == str(collection.input / "2008/dog0.jpg")


def test_a_video_opens_at_the_moment_and_jumps(page: Page) -> None:
    page.goto("/?q=person")
    page.locator(".tile").first.click()
    video = page.locator("video")
    video.evaluate(
        "video => video.readyState >= 2 || new Promise(done => video.addEventListener('loadeddata', done))"
    )
    assert video.evaluate("video => video.currentTime") == pytest.approx(4.0, abs=0.05)
    expect(page.locator(".overlay .detection")).to_have_count(1)
    video.evaluate("video => { video.currentTime = 1; }")
    expect(page.locator(".overlay .detection")).to_have_count(0)
    page.locator(".timeline svg a").first.click()
    expect(video).to_have_js_property("currentTime", 4)
    expect(page.locator(".overlay .detection")).to_have_count(1)
    assert "t=4" in page.url
    expect(page.locator(".playhead").first).to_have_attribute("x1", "4")
    page.locator(".timeline svg").first.click(position={"x": 5, "y": 5})
    assert video.evaluate("video => video.currentTime") < 1
    page.locator(".timeline svg a").first.click()
    expect(page.locator(".overlay .detection")).to_have_count(1)


def test_a_video_fills_its_stage_and_the_timeline_says_the_time(page: Page) -> None:
    page.goto(f"/file/{key_of(b'play.mp4')}?t=4")
    video, stage = page.locator("video").bounding_box(), page.locator(".stage").bounding_box()
    assert video is not None
    assert stage is not None
    assert video["width"] == pytest.approx(stage["width"], abs=1)
    expect(page.locator(".axis text")).to_have_text(["0:00", "0:02", "0:04", "0:06", "0:08", "0:10"])
    lane = page.locator(".timeline .lane:not(.axis) svg").first
    box = lane.bounding_box()
    assert box is not None
    lane.hover(position={"x": round(box["width"] * 0.75), "y": 5})
    expect(page.locator(".axis .hover")).to_have_text("0:07.5")
    page.locator("h1").hover()
    expect(page.locator(".axis .hover")).to_have_count(0)


def test_a_video_that_browsers_do_not_play_is_shown_as_frames(page: Page) -> None:
    page.goto(f"/file/{key_of(b'old.avi')}?t=4")
    expect(page.get_by_text("The browser cannot play this file")).to_be_visible()
    still = page.locator(".still")
    expect(still).to_be_visible()
    expect(still).to_have_js_property("naturalWidth", 160)
    expect(page.locator(".overlay .detection")).to_have_count(1)


def test_a_small_video_is_enlarged_and_its_boxes_with_it(page: Page) -> None:
    page.goto(f"/file/{key_of(b'old.avi')}?t=4")
    expect(page.locator(".overlay .detection")).to_have_count(1)
    still, box = page.locator(".still").bounding_box(), page.locator(".overlay .line").bounding_box()
    assert still is not None
    assert box is not None
    scale = still["width"] / 160
    assert scale > 2
    assert still["height"] == pytest.approx(96 * scale, abs=1)
    assert box["x"] - still["x"] == pytest.approx(10 * scale, abs=3)
    assert box["y"] - still["y"] == pytest.approx(20 * scale, abs=3)


def test_a_photo_that_cannot_be_decoded_is_a_sentence(page: Page, collection: Collection) -> None:
    photo = collection.input / "2008" / "dog2.jpg"
    content = photo.read_bytes()
    try:
        photo.write_bytes(content[:20])
        page.goto(f"/file/{key_of(b'2008/dog2.jpg')}")
        expect(page.get_by_text("This picture cannot be shown.")).to_be_visible()
        expect(page.locator(".picture")).to_be_hidden()
    finally:
        photo.write_bytes(content)


def test_words_from_files_do_nothing(page: Page) -> None:
    page.goto("/")
    expect(page.locator(".tile")).to_have_count(8)
    page.goto(f"/file/{key_of(os.fsencode(HOSTILE_PATH))}")
    expect(page.locator(".boxes li")).to_have_count(1)
    assert "<script>" in page.locator(".boxes li").inner_text()
    page.goto("/?q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    expect(page.get_by_text("Nothing was found.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    video, photo = key_of(b"play.mp4"), key_of(b"2008/dog0.jpg")
    for address in (
        "/",
        "/?q=dog",
        "/?q=nothing-like-it",
        "/people",
        f"/file/{photo}",
        f"/file/{video}",
        "/x",
    ):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert_accessible(page)


def test_on_a_phone_nothing_is_wider_than_the_screen(page: Page) -> None:
    page.set_viewport_size({"width": 380, "height": 700})
    for address in ("/", f"/file/{key_of(b'2008/dog0.jpg')}", f"/file/{key_of(b'play.mp4')}", "/people"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 380, address


def test_without_a_script(browser: Browser, server: str) -> None:
    context = browser.new_context(base_url=server, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("searchbox").fill("dog")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".tile")).to_have_count(3)
    page.locator(".tile").first.click()
    expect(page.locator(".picture img")).to_be_visible()
    expect(page.locator(".boxes li")).to_have_count(1)
    context.close()
