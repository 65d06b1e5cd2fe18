from django.apps import AppConfig


class NextToyConfig(AppConfig):
    name = "tests.faults.next_release.toy"
    label = "next_toy"  # on the wire it is `toy`, after the package
