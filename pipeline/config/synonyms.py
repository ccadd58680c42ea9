"""Everyday words for what networks find: a trigger label that no network gives is suggested in its words."""

from __future__ import annotations

from collections.abc import Collection

_SYNONYMS = """
person, people, persons, human, humans, man, men, woman, women, child, children, kid, kids, boy, girl, baby
bicycle, bike, cycle, bikes
motorbike, motorcycle, moped, scooter, motorcycles
aeroplane, airplane, plane, aircraft, jet, planes
car, automobile, auto, vehicle, cars, suv
bus, coach, minibus
train, tram, railway
truck, lorry, pickup, van
boat, ship, yacht, sailboat, ferry, canoe
traffic light, stoplight, semaphore, traffic lights
fire hydrant, hydrant
stop sign, stopsign, road sign
bird, birds, pigeon, sparrow, parrot, duck, hen, chicken
cat, cats, kitten, kitty
dog, dogs, puppy, hound
horse, pony, horses
sheep, lamb, goat
cow, cattle, bull, calf, ox, cows
bear, polar bear, grizzly
backpack, rucksack, school bag
umbrella, parasol
handbag, purse, hand bag, bag
tie, necktie
suitcase, luggage, baggage, trunk
skis, ski
sports ball, ball, football, soccer ball, basketball
tennis racket, racket, tennis racquet
bottle, flask
wine glass, wineglass, glass
cup, mug
doughnut, donut
hot dog, hotdog, sausage
cake, pie, gateau
chair, chairs, armchair, seat, stool
sofa, couch, settee
pottedplant, potted plant, plant, houseplant, house plant, flower, flowers
diningtable, dining table, table
toilet, wc, loo
tvmonitor, tv, tv monitor, television, monitor, screen
laptop, notebook, computer
mouse, computer mouse
remote, remote control
cell phone, cellphone, mobile, mobile phone, phone, smartphone
oven, stove, cooker
sink, basin
refrigerator, fridge, freezer
clock, watch
scissors, shears
teddy bear, teddy, stuffed animal
hair drier, hair dryer, hairdryer
face, faces, humanface, human face
catface, cat face, cat faces
"""
"""A line for each thing: the words of COCO, in its two spellings, and what people call it."""


def synonyms_among(word: str, labels: Collection[str]) -> list[str]:
    """The labels that mean the same as a word, in order.

    Args:
        word: such as `people`.
        labels: that exist, such as `person`.
    """
    folded = word.casefold().replace("-", " ").replace("_", " ")
    groups = (frozenset(line.split(", ")) for line in _SYNONYMS.splitlines())
    meant = {synonym for group in groups if folded in group for synonym in group}
    return sorted(label for label in labels if label.casefold() in meant)
