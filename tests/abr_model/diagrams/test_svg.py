from __future__ import annotations

import dataclasses
import io
import re
from xml.etree import ElementTree

import pytest
from PIL import Image, ImageFont

from abr_model.diagrams.folder import DIAGRAMS
from abr_model.diagrams.graph import Arrow, Block, Diagram, Place
from abr_model.diagrams.png import png
from abr_model.diagrams.svg import PALETTES, svg
from abr_model.diagrams.text import BOLD, REGULAR
from abr_model.diagrams.training_flow import training_flow
from abr_model.diagrams.training_progress import Progress

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(params=list(DIAGRAMS))
def diagram(request, subject):
    return DIAGRAMS[request.param](subject)


@pytest.mark.parametrize("theme", list(PALETTES))
def test_it_is_xml_that_needs_nothing_from_outside(diagram, theme):
    shown = svg(diagram, theme)
    root = ElementTree.fromstring(shown)
    assert root.tag == f"{SVG}svg"
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "desc", "style", "rect", "text", "path", "polygon", "circle", "g"
    }  # fmt: skip
    assert re.findall(r"https?://[^\s\"']*", shown) == ["http://www.w3.org/2000/svg"]
    assert re.findall(r"url\((?!data:font/woff2;base64,)", shown) == []
    assert not re.search(r"\b(href|onclick|onload|script)\b", shown)


def test_each_block_can_be_found_and_says_what_it_is(diagram):
    root = ElementTree.fromstring(svg(diagram))
    groups = {g.get("data-block"): g for g in root.iter(f"{SVG}g")}
    assert list(groups) == [block.id for block in diagram.blocks]
    for block in diagram.blocks:
        if block.role in ("network", "data", "latent", "sampler"):
            assert block.title in groups[block.id].get("data-label")
            assert block.meaning in groups[block.id].get("data-label")
    assert root.find(f"{SVG}title").text == diagram.title
    assert root.find(f"{SVG}desc").text == diagram.alt


def test_no_letter_is_too_small_to_print(diagram):
    root = ElementTree.fromstring(svg(diagram))
    sizes = [float(text.get("font-size")) for text in root.iter(f"{SVG}text")]
    width_mm = float(root.get("width").removesuffix("mm"))
    scale = width_mm / 25.4 * 72 / float(root.get("viewBox").split()[2])
    assert min(sizes) * scale >= 7
    assert width_mm <= 277.1


def test_the_font_has_every_sign(diagram):
    nothing = {path: ImageFont.truetype(path, 40).getmask("\uffff").getbbox() for path in (REGULAR, BOLD)}
    root = ElementTree.fromstring(svg(diagram))
    signs = {(text.get("font-weight") == "700", sign) for text in root.iter(f"{SVG}text") for sign in text.text}
    for bold, sign in signs - {(True, " "), (False, " ")}:
        path = BOLD if bold else REGULAR
        font = ImageFont.truetype(path, 40)
        same = bytes(font.getmask(sign)) == bytes(font.getmask("\uffff"))
        assert not same or font.getmask(sign).getbbox() != nothing[path], sign


def test_words_of_a_person_stay_words(subjects):
    evil = '<script>alert("1")</script> & "co" <b>'
    progress = Progress("failed", stage=2, message=evil, name="r1", cohort=evil, epochs_done=1, epochs=2)
    diagram = training_flow(subjects["small reference"], progress)
    root = ElementTree.fromstring(svg(diagram))
    assert not list(root.iter(f"{SVG}script"))
    label = next(g for g in root.iter(f"{SVG}g") if g.get("data-block") == "cohort").get("data-label")
    assert evil in label


def test_on_a_page_it_has_no_heading_and_no_font(diagram):
    alone, part = svg(diagram), svg(diagram, on_page=True)
    assert diagram.title in alone.partition("</desc>")[2]
    assert diagram.title not in part.partition("</desc>")[2]
    assert "@font-face" in alone
    assert "@font-face" not in part
    top, height = (float(n) for n in ElementTree.fromstring(part).get("viewBox").split()[1::2])
    assert top > 20
    assert height < float(ElementTree.fromstring(alone).get("viewBox").split()[3])


def test_states_are_told_apart_without_colour(subjects):
    def shown(state):
        block = Block("a", "A", state=state)
        return re.sub(r"#[0-9A-F]{6}", "", svg(Diagram("d", "t", "s", (block,), ())))

    assert len({shown(state) for state in ("done", "active", "waiting", "failed", None)}) == 5


def test_the_png_is_the_figure(subjects):
    diagram = DIAGRAMS["main_architecture"](subjects["default"])
    image = Image.open(io.BytesIO(png(svg(diagram))))
    assert image.format == "PNG"
    assert image.size[0] == pytest.approx(277 / 25.4 * 220, abs=3)
    assert 1.3 < image.size[0] / image.size[1] < 1.8
    grey = image.convert("L")
    title = grey.crop((0, 0, image.size[0] // 3, 60))
    assert title.getextrema()[0] < 80, "there are dark letters where the title stands"
    assert grey.getpixel((2, 2)) == 255
    dark = Image.open(io.BytesIO(png(svg(diagram, "dark")))).convert("L")
    assert dark.getpixel((2, 2)) < 40


def test_a_diagram_refuses_what_does_not_exist():
    block = Block("a", "A", place=Place(0, 0))
    with pytest.raises(AssertionError, match="nowhere"):
        Diagram("d", "t", "s", (block,), (Arrow("a.right", "nowhere.left"),))
    with pytest.raises(AssertionError, match="two blocks"):
        Diagram("d", "t", "s", (block, dataclasses.replace(block, title="B")), ())
