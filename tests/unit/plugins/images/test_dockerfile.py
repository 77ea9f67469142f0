"""Which images a Dockerfile is made from."""

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.images.dockerfile import base_images


@pytest.mark.parametrize(
    ("text", "images"),
    [
        ("FROM python:3.13-slim", ["python:3.13-slim"]),
        (
            "from --platform=$BUILDPLATFORM docker.io/library/go:1 as build\nFROM scratch\nCOPY --from=build /x /",
            ["go:1"],
        ),
        ("FROM a:1 AS one\nFROM one\nCOPY --chown=1 --from=0 /x /\nCOPY --from=b:2 /y /", ["a:1", "b:2"]),
        ("FROM a:1\nRUN --mount=type=bind,from=c:3,target=/c cmd --from=old", ["a:1", "c:3"]),
        ("ARG TAG=3.13\nARG BASE=python:${TAG}-slim\nFROM ${BASE}", ["python:3.13-slim"]),
        ("ARG BASE\nFROM ${BASE:-debian:13}", ["debian:13"]),
        ("FROM ghcr.io/x/y:1", ["ghcr.io/x/y:1"]),
        ("FROM a:1\nCOPY <<EOF /x\nFROM b:2\nEOF\nFROM c:3\n", ["a:1", "c:3"]),
        ("FROM a:1\nRUN <<-'END' python\nfrom x import y\n\tEND\nFROM c:3\n", ["a:1", "c:3"]),
    ],
)
def test_images_behind_from(text, images):
    assert base_images(text, {}) == images


def test_argument_that_is_given_counts():
    assert base_images('ARG BASE="debian:13"\nFROM $BASE', {"BASE": "debian:12"}) == ["debian:12"]
