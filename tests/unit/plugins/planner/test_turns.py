"""Turns of a rolling change: who serves a host's visitors meanwhile, and what is left as it is."""

import sites
from sites import make_plan, of_phase
from test_rolling import large_site, stale_site, three_managers


def turn(found, host):
    names = {group: [name for name in found if name[0] == group] for group in "mw"}
    site = sites.site(managers=names["m"], workers=names["w"])
    return of_phase(make_plan(site, found), "restart_engine")[host]["turn"]


def test_who_answers_the_pages_serves_the_visitors_first():
    found = stale_site("w2")
    found["m1"]["observation"]["pages"]["hello"] = "HTTP 503"
    assert turn(found, "w2")["redirects"] == ["10.0.0.2", "10.0.0.1"]


def test_who_could_not_be_asked_serves_the_visitors_last():
    found = three_managers()
    found["m2"] = {"desired": found["m2"]["desired"], "unreachable": "no route to host"}
    assert turn(found, "w2")["redirects"] == ["10.0.0.1", "10.0.0.2", "10.0.0.5", "10.0.0.4"]


def test_visitors_are_led_to_nobody_who_leads_his_own_elsewhere():
    found = stale_site("w2")
    found["m1"]["observation"]["redirected"] = True
    assert turn(found, "w2")["redirects"] == ["10.0.0.2"]


def test_few_of_many_hosts_are_tried():
    assert len(turn(large_site(20), "w2")["redirects"]) == 10
