"""A small collection of which every backend gives the same answers: reports, questions, expected files."""

from __future__ import annotations

import os

from tests.search.outputs import Output, boxes, label, name

BERN = {"latitude": 46.948, "longitude": 7.4474}
THUN = {"latitude": 46.758, "longitude": 7.628}
SUVA = {"latitude": -18.14, "longitude": 179.99}
NOT_UTF8 = os.fsdecode(b"2010/caf\xe9 \xff.jpg")


def write_collection(output: Output) -> None:
    """Write the reports."""
    output.photo(
        "2008/birthday/IMG_1234.jpg",
        *(name("Anna"), name("Tom"), label("dog"), label("person"), label("person", 0.7)),
        taken="2008-06-14T15:30:00",
        camera="Canon PowerShot G7 X",
        gps=BERN,
        keywords=["Places|Rome", "family trip"],
        title="A day at the Lake",
        rating=5,
    )
    output.photo(
        "2008/birthday/IMG_1235.jpg",
        *(name("Anna"), label("hot dog"), label("cake", 0.4)),
        taken="2008-06-14T15:31:00+02:00",
        camera="Canon PowerShot G7 X",
        gps=THUN,
    )
    output.photo(
        "2008/Berlin-trip/DSC0017.JPG",
        *(name("Tom"), label("dog", 0.35)),
        taken="2008-07-01T09:00:00",
        camera="NIKON D70",
        keywords=["Places|Rome", "Holiday"],
        rating=-1,
    )
    output.photo(
        "2009/Zürich/mü.jpg",
        *(name("Müller"), name("unknown"), label("cat", None)),
        taken="2009-01-01T00:00:00",
        title="Berlin à la nuit",
        rating=3,
    )
    output.photo(
        "2009/crowd.jpg", *(label("person", one) for one in (0.9, 0.8, 0.6)), taken="2009-12-31T23:59:59"
    )
    output.photo("fiji.jpg", label("boat"), label("palm tree"), gps=SUVA, taken="2015-03-02T10:00:00")
    output.photo("names/will.jpg", name("Will"), name("May Or"), label("face", 0.9), label("face", 0.8))
    output.photo("names/or.jpg", name("Anna Maria Müller"), status="partial")
    output.photo("東京/写真.jpg", label("寿司"), taken="2010-05-05T12:00:00")
    output.photo(NOT_UTF8, label("cup", 0.999999), label("c++"), taken="2010-05-06T12:00:00")
    output.photo("empty.jpg")
    output.photo(
        "odd/'; DROP TABLE file; --.jpg", label('"quoted" AND near'), label("a:b"), label("\x1b[31mred")
    )
    output.report("two/both.jpg", [{"frame": 0, "objects": boxes(label("bus"), label("bus"))}], type="photo")
    output.report(
        "two/both.jpg",
        [{"frame": 0, "objects": boxes(label("bus")), "more": boxes(name("Anna"))}],
        report="-second.json",
        type="photo",
    )
    (output.folder / "two" / "both.jpg-annotated.jpg").write_bytes(b"")
    output.video(
        "film/together.mp4",
        {3.0: [name("Anna")], 3.5: [name("Anna")], 8.0: [label("dog", 0.5)], 8.5: [label("dog", 0.9)]},
        taken="2008-08-08T08:08:08",
    )
    output.video("film/apart.mp4", {3.0: [name("Anna"), label("cat")], 30.0: [label("dog", 0.8)]})
    output.video(
        "film/crowd.mp4", {1.0: [label("person", one) for one in (0.9, 0.5, 0.4)], 2.0: [label("person")]}
    )


TOGETHER, APART, CROWD_FILM = "film/together.mp4", "film/apart.mp4", "film/crowd.mp4"
ONE, TWO, BERLIN = "2008/birthday/IMG_1234.jpg", "2008/birthday/IMG_1235.jpg", "2008/Berlin-trip/DSC0017.JPG"
ZURICH, CROWD, FIJI = "2009/Zürich/mü.jpg", "2009/crowd.jpg", "fiji.jpg"
WILL, ANNA_MARIA, TOKYO, BOTH = "names/will.jpg", "names/or.jpg", "東京/写真.jpg", "two/both.jpg"
EMPTY, ODD = "empty.jpg", "odd/'; DROP TABLE file; --.jpg"
ALL = (ONE, TWO, BERLIN, ZURICH, CROWD, FIJI, WILL, ANNA_MARIA, TOKYO, NOT_UTF8, EMPTY, ODD, BOTH)
ALL += (TOGETHER, APART, CROWD_FILM)

QUESTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("", ALL),
    ("name:anna name:tom label:dog taken:2008", (ONE,)),
    ("anna tom dog 2008", (ONE,)),
    ("dog", (ONE, BERLIN, TOGETHER, APART)),
    ("DÖG", (ONE, BERLIN, TOGETHER, APART)),
    ("hot dog", (TWO,)),
    ('"hot dog"', (TWO,)),
    ("hot", ()),
    ("label:hot*", (TWO,)),
    ("label:dog", (ONE, BERLIN, TOGETHER, APART)),
    ("label:do*", (ONE, BERLIN, TOGETHER, APART)),
    ('label:"HOT DOG"', (TWO,)),
    ("label:hot", ()),
    ("dog -name:tom", (TOGETHER, APART)),
    ("dog OR cake", (ONE, TWO, BERLIN, TOGETHER, APART)),
    ("(dog OR cake) taken:2008-06", (ONE, TWO)),
    ("-(dog OR name:* OR label:*)", (EMPTY,)),
    ("conf>=0.5 label:dog", (ONE, TOGETHER, APART)),
    ("label:dog conf>=0.85", (ONE, TOGETHER)),
    ("label:dog -conf>=0.5", (BERLIN,)),
    ("conf>=0.95", (NOT_UTF8,)),
    ("cat conf>=0.9", (ZURICH, APART)),
    ("label>=2:person", (ONE, CROWD, CROWD_FILM)),
    ("label>=3:person", (CROWD, CROWD_FILM)),
    ("label>=3:person conf>=0.5", (CROWD,)),
    ("label>=2:person conf>=0.5", (ONE, CROWD, CROWD_FILM)),
    ("label=2:person", (ONE,)),
    ("label<2:bus type:photo taken:2009", (ZURICH, CROWD)),
    ("label=2:bus", (BOTH,)),
    ("faces=2", (ONE, ZURICH, WILL)),
    ("faces>=1 type:photo -faces>=2", (TWO, BERLIN, ANNA_MARIA, BOTH)),
    ("name:will", (WILL,)),
    ("will", (WILL,)),
    ("May", (WILL,)),
    ('name:"may or"', (WILL,)),
    ("name:anna", (ONE, TWO, BOTH, TOGETHER, APART)),
    ("anna", (ONE, TWO, BOTH, ANNA_MARIA, TOGETHER, APART)),
    ("name:anna*", (ONE, TWO, BOTH, ANNA_MARIA, TOGETHER, APART)),
    ("muller", (ZURICH, ANNA_MARIA)),
    ("name:Muller", (ZURICH,)),
    ('name:"anna maria MULLER"', (ANNA_MARIA,)),
    ("name:unknown", (ZURICH,)),
    ("is:named taken:2009", (ZURICH,)),
    ("name:anna label:dog", (ONE, TOGETHER)),
    ("name:anna label:dog type:video", (TOGETHER,)),
    ("anna dog type:video", (TOGETHER, APART)),
    ("name:anna (label:dog OR label:cat)", (ONE, TOGETHER, APART)),
    ("label:dog label:cat", ()),
    ("IMG_1234", (ONE,)),
    ("img 1235", (TWO,)),
    ("birth*", (ONE, TWO)),
    ("path:birthday", (ONE, TWO)),
    ("path:2008/birthday", (ONE, TWO)),
    ("path:birthday/2008", ()),
    ("path:anna", ()),
    ("berlin trip", (BERLIN,)),
    ("zurich", (ZURICH,)),
    ("mu.jpg", (ZURICH,)),
    ("京", (TOKYO,)),
    ("写真", (TOKYO,)),
    ("真写", ()),
    ("寿司", (TOKYO,)),
    ("caf", (NOT_UTF8,)),
    ("label:c++", (NOT_UTF8,)),
    ("drop", (ODD,)),
    ("'; DROP TABLE file; --", (ODD,)),
    ('label:"\\"quoted\\" AND near"', ()),
    ("'quoted and near'", (ODD,)),
    ("a:b", (ODD,)),
    ("taken:2008", (ONE, TWO, BERLIN, TOGETHER)),
    ("taken:2008-06-14", (ONE, TWO)),
    ("taken:2008-06-14T15:31", (TWO,)),
    ("taken:2009..", (ZURICH, CROWD, FIJI, TOKYO, NOT_UTF8)),
    ("taken>=2010", (FIJI, TOKYO, NOT_UTF8)),
    ("taken:..2008-06", (ONE, TWO)),
    ("-is:dated", (WILL, ANNA_MARIA, EMPTY, ODD, BOTH, APART, CROWD_FILM)),
    ("near:46.95,7.45,5km", (ONE,)),
    ("near:46.95,7.45,50km", (ONE, TWO)),
    ("near:46.95,7.45,20037", (ONE, TWO, FIJI)),
    ("near:-18.14,-179.99,5", (FIJI,)),
    ("near:90,0,20000", (ONE, TWO, FIJI)),
    ("is:located -near:46.95,7.45", (TWO, FIJI)),
    ("camera:canon", (ONE, TWO)),
    ('camera:"g7 x"', (ONE, TWO)),
    ("camera:nik*", (BERLIN,)),
    ("-camera:canon taken:2008 type:photo", (BERLIN,)),
    ("camera:leica", ()),
    ("is:partial", (ANNA_MARIA,)),
    ("is:annotated", (BOTH,)),
    ("type:video", (TOGETHER, APART, CROWD_FILM)),
    ("type:video dog", (TOGETHER, APART)),
    ("12:30", ()),
    ("taken:yesterday", ()),
    ("tag:rome", (ONE, BERLIN)),
    ("tag:places -tag:holiday", (ONE,)),
    ("tag:hol*", (BERLIN,)),
    ("tag:dog", ()),
    ("tag:places|rome", (ONE, BERLIN)),
    ('tag:"Places/Ro"*', (ONE, BERLIN)),
    ("tag:places|berlin", ()),
    ("tag:|", ()),
    ("rome", (ONE, BERLIN)),
    ("family", (ONE,)),
    ('tag:"family trip"', (ONE,)),
    ("tag:family", ()),
    ("lake", (ONE,)),
    ("title:lake", (ONE,)),
    ('title:"at the la"*', (ONE,)),
    ("title:birthday", ()),
    ("title:jpg", ()),
    ("path:lake", ()),
    ("path:berlin", (BERLIN,)),
    ("berlin", (BERLIN, ZURICH)),
    ("title:a title:nuit", (ZURICH,)),
    ("title:nuit dog", ()),
    ('"jpg a day"', ()),
    ("lake birthday", (ONE,)),
    ("rating>=4", (ONE,)),
    ("rating>3", (ONE,)),
    ("rating:3", (ZURICH,)),
    ("rating=-1", (BERLIN,)),
    ("rating>=1 rating<=4", (ZURICH,)),
    ("rating<0", (BERLIN,)),
    ("rating>5", ()),
    ("-rating<=0", (ONE, ZURICH)),
    ("rating:0 taken:2008", (TWO, TOGETHER)),
    ("rating>=3 dog", (ONE,)),
    ("rating:9", ()),
    ("& dog !", (ONE, BERLIN, TOGETHER, APART)),
    ("\x00\x1b[2J*", ()),
)
"""Queries with the files that they find."""
