"""Sidecars in the forms of ACDSee, Apple Photos, Capture One, ON1, RawTherapee, Windows and XnView."""

from __future__ import annotations

import pytest

from pipeline.xmp.keywords import read_items
from pipeline.xmp.names import HIERARCHICAL_SUBJECT, SUBJECT, TAGS_LIST
from pipeline.xmp.packet import Packet
from pipeline.xmp.regions import read_regions
from tests.reporters.xmp.test_nothing_is_lost import parts
from tests.sidecars import ANNA, DOG, merge_into

BEGIN = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
XMPMETA = '<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="{}">\n' + BEGIN

ACDSEE = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
{XMPMETA.format("Adobe XMP Core 5.6-c140")}
  <rdf:Description rdf:about="" xmlns:acdsee="http://ns.acdsee.com/iptc/1.0/"
    xmlns:acdsee-rs="http://ns.acdsee.com/regions/" xmlns:acdsee-stArea="http://ns.acdsee.com/sType/Area#"
    xmlns:dc="http://purl.org/dc/elements/1.1/" acdsee:tagged="True" acdsee:rating="4">
   <acdsee:categories>&lt;Category Assigned="1"&gt;Hanna&lt;/Category&gt;</acdsee:categories>
   <acdsee:keywords><rdf:Bag><rdf:li>Rome</rdf:li></rdf:Bag></acdsee:keywords>
   <dc:subject><rdf:Bag><rdf:li>Rome</rdf:li></rdf:Bag></dc:subject>
   <acdsee-rs:Regions rdf:parseType="Resource">
    <acdsee-rs:RegionList><rdf:Bag><rdf:li rdf:parseType="Resource">
     <acdsee-rs:Type>Face</acdsee-rs:Type><acdsee-rs:Name>Hanna</acdsee-rs:Name>
     <acdsee-rs:ALGArea acdsee-stArea:x="0.8" acdsee-stArea:y="0.3"
       acdsee-stArea:w="0.1" acdsee-stArea:h="0.2"/>
    </rdf:li></rdf:Bag></acdsee-rs:RegionList>
   </acdsee-rs:Regions>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""

APPLE = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
{XMPMETA.format("XMP Core 6.0.0")}
      <rdf:Description rdf:about=""
            xmlns:dc="http://purl.org/dc/elements/1.1/"
            xmlns:exif="http://ns.adobe.com/exif/1.0/"
            xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/">
         <dc:subject>
            <rdf:Seq>
               <rdf:li>Rome</rdf:li>
            </rdf:Seq>
         </dc:subject>
         <photoshop:DateCreated>2024-05-06T07:08:09+02:00</photoshop:DateCreated>
         <exif:GPSLatitude>46.948</exif:GPSLatitude>
         <exif:GPSLatitudeRef>N</exif:GPSLatitudeRef>
         <dc:description><rdf:Alt><rdf:li xml:lang="x-default">At the sea</rdf:li></rdf:Alt></dc:description>
      </rdf:Description>
   </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""

CAPTURE_ONE = f"""<?xml version="1.0" encoding="UTF-8"?>
{XMPMETA.format("XMP Core 5.5.0")}
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
   <xmp:Rating>3</xmp:Rating>
   <xmp:Label>Green</xmp:Label>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/">
   <photoshop:Urgency>4</photoshop:Urgency>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
   <dc:subject><rdf:Bag><rdf:li>Rome</rdf:li></rdf:Bag></dc:subject>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:lightroom="http://ns.adobe.com/lightroom/1.0/">
   <lightroom:hierarchicalSubject><rdf:Bag><rdf:li>Places|Rome</rdf:li></rdf:Bag></lightroom:hierarchicalSubject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>"""

ON1 = f"""{XMPMETA.format("ON1 XMP")}
 <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
   xmlns:on1="http://ns.on1.com/on1/1.0/" xmp:Rating="2" xmp:Label="" on1:Version="3">
  <dc:subject><rdf:Bag><rdf:li>Rome</rdf:li></rdf:Bag></dc:subject>
  <on1:Settings>{{"Adjust": [{{"exposure": 0.25}}]}}</on1:Settings>
 </rdf:Description></rdf:RDF></x:xmpmeta>"""

PHOTOPRISM = f"""<?xml version="1.0" encoding="UTF-8"?>
{XMPMETA.format("XMP Core 4.4.0-Exiv2")}
 <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:fstop="http://www.fstopapp.com/xmp/"
   fstop:favorite="1">
  <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Night</rdf:li>
   <rdf:li xml:lang="de">Nacht</rdf:li></rdf:Alt></dc:title>
  <dc:subject><rdf:Seq><rdf:li>Rome</rdf:li></rdf:Seq></dc:subject>
 </rdf:Description></rdf:RDF></x:xmpmeta>"""

RAWTHERAPEE = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
{XMPMETA.format("XMP Core 4.4.0-Exiv2")}
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
   xmp:Rating="-1">
   <Iptc4xmpCore:CreatorContactInfo Iptc4xmpCore:CiAdrCity="Bern" Iptc4xmpCore:CiAdrCtry="CH"/>
   <dc:subject><rdf:Bag><rdf:li>Rome</rdf:li></rdf:Bag></dc:subject>
   <dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© Hanna</rdf:li></rdf:Alt></dc:rights>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""

WINDOWS = """<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>\r
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
<rdf:Description rdf:about="uuid:faf5bdd5-ba3d-11da-ad31-d33d75182f1b" \
xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/">\
<MicrosoftPhoto:Rating>75</MicrosoftPhoto:Rating><MicrosoftPhoto:LastKeywordXMP>\
<rdf:Bag xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:li>Rome</rdf:li></rdf:Bag>
\t\t\t</MicrosoftPhoto:LastKeywordXMP></rdf:Description>\
<rdf:Description rdf:about="uuid:faf5bdd5-ba3d-11da-ad31-d33d75182f1b" xmlns:dc="http://purl.org/dc/elements/1.1/">\
<dc:subject><rdf:Bag xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:li>Rome</rdf:li></rdf:Bag>
\t\t\t</dc:subject></rdf:Description>\
<rdf:Description xmlns:MP="http://ns.microsoft.com/photo/1.2/"><MP:RegionInfo><rdf:Description \
xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#"><MPRI:Regions><rdf:Bag><rdf:li><rdf:Description \
xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#">\
<MPReg:Rectangle>0.75, 0.2, 0.1, 0.2</MPReg:Rectangle>\
<MPReg:PersonDisplayName>Hanna</MPReg:PersonDisplayName></rdf:Description></rdf:li></rdf:Bag></MPRI:Regions>\
</rdf:Description></MP:RegionInfo></rdf:Description></rdf:RDF></x:xmpmeta>\r
<?xpacket end='w'?>"""

XNVIEW = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
{XMPMETA.format("XMP Core 4.4.0-Exiv2")}
  <rdf:Description rdf:about=""
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:MP="http://ns.microsoft.com/photo/1.2/"
    xmlns:xnv="http://www.xnview.com/xmp/" xmp:Label="Red" xnv:Sidecar="1">
   <dc:subject><rdf:Bag><rdf:li>Rome</rdf:li><rdf:li>Places</rdf:li></rdf:Bag></dc:subject>
   <lr:hierarchicalSubject><rdf:Bag><rdf:li>Places|Rome</rdf:li></rdf:Bag></lr:hierarchicalSubject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
{" " * 2048}
<?xpacket end="w"?>"""

PROGRAMS = {
    "acdsee": ACDSEE,
    "apple photos": APPLE,
    "capture one": CAPTURE_ONE,
    "on1": ON1,
    "photoprism": PHOTOPRISM,
    "rawtherapee": RAWTHERAPEE,
    "windows": WINDOWS,
    "xnview": XNVIEW,
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_nothing_is_lost_and_the_keywords_are_there(program):
    before = PROGRAMS[program].encode()
    after = merge_into(before, ANNA, DOG)
    assert not parts(before) - parts(after)
    items, seen = read_items(Packet(after)), read_items(Packet(before))
    assert items[SUBJECT][: len(seen[SUBJECT])] == seen[SUBJECT]
    assert set(items[SUBJECT]) == {*seen[SUBJECT], "Anna", "dog"}
    assert {"People|Anna", "Objects|dog"} <= set(items[HIERARCHICAL_SUBJECT])
    assert {"People/Anna", "Objects/dog"} <= set(items[TAGS_LIST])
    assert any("Rome" in text for text in items[TAGS_LIST]), "a new list does not hide what others say"
    assert {region.name for region in read_regions(Packet(before))} < {
        region.name for region in read_regions(Packet(after))
    }
    assert merge_into(after, ANNA, DOG) is after


@pytest.mark.parametrize("program", PROGRAMS)
def test_without_findings_it_is_what_it_was(program):
    before = PROGRAMS[program].encode()
    after = merge_into(merge_into(before, ANNA, DOG), *())
    assert read_items(Packet(after))[SUBJECT] == read_items(Packet(before))[SUBJECT]
    assert [one.name for one in read_regions(Packet(after))] == [
        one.name for one in read_regions(Packet(before))
    ]
    assert merge_into(before) is before
