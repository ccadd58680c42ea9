"""Which of a photo's dates counts."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from pipeline.photos.exif import read_exif
from tests.pictures import encoded, exif_of, patches, png_chunk

JPEG_APP13 = 0xED
UNSET = "    :  :     :  :  "
GPS_FIX = {GPS.GPSDateStamp: "2024:05:06", GPS.GPSTimeStamp: (5.0, 8.0, 9.5)}


def xmp_of(**dates: str) -> bytes:
    """An XMP packet: `xmp_of(xmp_CreateDate="2024-05-06")`."""
    attributes = " ".join(f'{name.replace("_", ":")}="{date}"' for name, date in dates.items())
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        f' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" {attributes}/></rdf:RDF></x:xmpmeta>'
    ).encode()


def iptc_of(date: bytes, time: bytes = b"") -> bytes:
    """IPTC's records for a date and a time."""
    records = ((55, date), (60, time)) if time else ((55, date),)
    return b"".join(bytes((0x1C, 2, number, 0, len(value))) + value for number, value in records)


def with_iptc(jpeg: bytes, records: bytes) -> bytes:
    """A JPEG with a Photoshop segment that holds IPTC records."""
    resource = b"8BIM\x04\x04\0\0" + len(records).to_bytes(4, "big") + records + bytes(len(records) % 2)
    payload = b"Photoshop 3.0\0" + resource
    return jpeg[:2] + bytes((0xFF, JPEG_APP13)) + (len(payload) + 2).to_bytes(2, "big") + payload + jpeg[2:]


def photo(
    *,
    changed: str = "",
    gps: dict[int, object] | None = None,
    iptc: bytes = b"",
    xmp: bytes = b"",
    **details: str,
) -> bytes:
    """A JPEG with dates.

    Args:
        changed: EXIF DateTime.
        gps: tags of EXIF's GPS table.
        details: tags of EXIF's inner table, by name.
    """
    exif = exif_of(**{str(Base.DateTime.value): changed}) if changed else exif_of()
    exif.get_ifd(IFD.Exif).update({Base[name]: value for name, value in details.items()})
    exif.get_ifd(IFD.GPSInfo).update(gps or {})
    jpeg = encoded(patches(), "JPEG", exif=exif, **({"xmp": xmp} if xmp else {}))
    return with_iptc(jpeg, iptc) if iptc else jpeg


def taken(content: bytes) -> str | None:
    """What the file says of when it was taken."""
    return read_exif(Image.open(io.BytesIO(content)), content).capture.taken


def test_the_order_of_dates() -> None:
    """Each of them counts once those before it are gone."""
    everything = {
        "DateTimeOriginal": "2001:01:01 00:00:00",
        "DateTimeDigitized": "2002:01:01 00:00:00",
        "xmp": xmp_of(
            exif_DateTimeOriginal="2003-01-01T00:00:00",
            photoshop_DateCreated="2004-01-01T00:00:00",
            exif_DateTimeDigitized="2005-01-01T00:00:00",
            xmp_CreateDate="2006-01-01T00:00:00",
        ),
        "iptc": iptc_of(b"20070101", b"000000+0000"),
        "gps": GPS_FIX,
        "changed": "2009:01:01 00:00:00",
    }
    years = []
    for name in list(everything):
        years.append((taken(photo(**everything)) or "")[:4])
        del everything[name]
    assert years == ["2001", "2002", "2003", "2007", "2024", "2009"]
    assert taken(photo(**everything)) is None
    for year, name in ((2004, "photoshop_DateCreated"), (2005, "exif_DateTimeDigitized")):
        dates = {name: f"{year}-01-01T00:00:00", "xmp_CreateDate": "2006-01-01T00:00:00"}
        assert taken(photo(xmp=xmp_of(**dates))) == f"{year}-01-01T00:00:00"


@pytest.mark.parametrize(
    "unset", [UNSET, "0000:00:00 00:00:00", "1904:01:01 00:00:00", "1970:01:01 00:00:00", "x"]
)
def test_what_is_no_date_does_not_hide_the_next_one(unset: str) -> None:
    content = photo(
        DateTimeOriginal=unset,
        DateTimeDigitized=unset,
        xmp=xmp_of(xmp_CreateDate="soon"),
        changed="2020:01:02 03:04:05",
    )
    assert taken(content) == "2020-01-02T03:04:05"
    assert taken(photo(DateTimeOriginal=unset, changed=unset)) is None


def test_a_date_in_the_main_table_counts_too() -> None:
    exif = exif_of(**{str(Base.DateTimeDigitized.value): "2003:08:17 10:11:12"})
    assert taken(encoded(patches(), "JPEG", exif=exif)) == "2003-08-17T10:11:12"


def test_a_later_change_never_hides_when_a_scan_was_made() -> None:
    content = photo(
        DateTimeDigitized="2003:08:17 10:11:12", changed="2021:04:01 08:22:44", OffsetTime="+02:00"
    )
    assert taken(content) == "2003-08-17T10:11:12"


@pytest.mark.parametrize(
    ("offsets", "offset"),
    [
        ({"OffsetTimeOriginal": "+05:30"}, "+05:30"),
        ({"OffsetTimeOriginal": "Z"}, "+00:00"),
        ({"OffsetTimeOriginal": "+99:99"}, ""),
        ({"OffsetTimeOriginal": "+05:30", "OffsetTime": "-01:00"}, "+05:30"),
        ({"OffsetTime": "-01:00"}, "-01:00"),
        ({"OffsetTime": "-01:00", "changed": "2023:07:01 12:30:00"}, "-01:00"),
        ({"OffsetTime": "-01:00", "changed": "2023:07:02 12:30:00"}, ""),
        ({"OffsetTimeDigitized": "-01:00", "DateTimeDigitized": "2023:07:01 12:30:00"}, "-01:00"),
        ({"OffsetTimeOriginal": "   :  ", "OffsetTime": "+01:00"}, "+01:00"),
        ({}, ""),
    ],
)
def test_offsets(offsets: dict[str, str], offset: str) -> None:
    content = photo(DateTimeOriginal="2023:07:01 12:30:00", SubsecTimeOriginal="987", **offsets)
    assert taken(content) == "2023-07-01T12:30:00" + offset


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_every_format_that_has_xmp(format_: str) -> None:
    xmp = xmp_of(photoshop_DateCreated="2024-05-06T07:08:09+02:00")
    if format_ == "PNG":
        chunk = png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
        content = encoded(patches(), "PNG")
        for at in (33, content.index(b"IEND") - 4):  # behind IHDR, and behind the pixels
            assert taken(content[:at] + chunk + content[at:]) == "2024-05-06T07:08:09+02:00"
    else:
        options = {"tiffinfo": {700: xmp}} if format_ == "TIFF" else {"xmp": xmp}
        assert taken(encoded(patches(), format_, **options)) == "2024-05-06T07:08:09+02:00"


@pytest.mark.parametrize(
    ("records", "date"),
    [
        (iptc_of(b"20240506", b"070809+0200"), "2024-05-06T07:08:09+02:00"),
        (iptc_of(b"20240506", b"070809"), "2024-05-06T07:08:09"),
        (iptc_of(b"20240506"), "2024-05-06"),
        (iptc_of(b"20240506", b"someday"), "2024-05-06"),
        (iptc_of(b"20240506") + iptc_of(b"20250506"), "2024-05-06"),
        (iptc_of(b"20240000"), None),
        (iptc_of(b"00000000", b"000000"), None),
        (b"\x1c\x02\x37\xff\xff2024", None),
        (b"\x1d" * 50, None),
    ],
)
def test_iptc(records: bytes, date: str | None) -> None:
    assert taken(photo(iptc=records)) == date


@pytest.mark.parametrize(
    ("changed", "date"),
    [
        ({}, "2024-05-06T05:08:09+00:00"),
        ({GPS.GPSTimeStamp: (5.0, 8.5, 0.0)}, "2024-05-06T05:08:30+00:00"),
        ({GPS.GPSDateStamp: "2024-05-06"}, "2024-05-06T05:08:09+00:00"),
        ({GPS.GPSTimeStamp: (25.0, 0.0, 0.0)}, None),
        ({GPS.GPSTimeStamp: (5.0, 8.0)}, None),
        ({GPS.GPSTimeStamp: 5.0}, None),
        ({GPS.GPSDateStamp: "soon"}, None),
        ({GPS.GPSDateStamp: "1980:01:06"}, None),
    ],
)
def test_gps(changed: dict[int, object], date: str | None) -> None:
    assert taken(photo(gps=GPS_FIX | changed)) == date


def test_a_change_that_is_none_counts_as_the_cameras_own_time() -> None:
    """Some cameras write no other date: their local time is worth more than UTC."""
    assert taken(photo(gps=GPS_FIX, changed="2024:05:06 07:08:09")) == "2024-05-06T07:08:09"
    assert taken(photo(gps=GPS_FIX, changed="2024:05:07 07:08:09")) == "2024-05-06T05:08:09+00:00"
    described = xmp_of(xmp_CreateDate="2024-05-06T07:08:09+02:00")
    same = photo(xmp=described, changed="2024:05:06 07:08:09", OffsetTime="+03:00")
    assert taken(same) == "2024-05-06T07:08:09+03:00"
    assert taken(photo(xmp=described, changed="2024:05:07 07:08:09")) == "2024-05-06T07:08:09+02:00"
