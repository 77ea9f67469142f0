"""What is decided and what carries it out fit together: phases, arguments, entry points of roles, and plays."""

import itertools
import json
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import pytest
import sites
import yaml
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.intent import Intent
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.phase import Phase
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner import intents
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.arguments.common import Nothing
from ansible_collections.flotilla.swarm.plugins.plugin_utils.planner.result import ENTRY_POINTS, HostPlan
from hypothesis import given
from hypothesis import strategies as st

EACH = pytest.mark.parametrize("phase", Phase)
# Around the work of every playbook.
FRAME = {Phase.LOCK, Phase.REPORT, Phase.UNLOCK, Phase.UNREACHABLE}
# With the gate, and what a killed rolling change left: of site.yml and of others.
SHARED = {
    *FRAME,
    Phase.PULL_IMAGES,
    Phase.PUT_BACK,
    Phase.OBSERVE_TASKS,
    Phase.REBALANCE,
    Phase.REMOVE_FIREWALL,
    Phase.CHECK_SERVICES,
    Phase.CHECK_PAGE,
}
OBSERVING = {Phase.OBSERVE_SWARM, Phase.OBSERVE_REGISTRY, Phase.OBSERVE_IMAGES, Phase.OBSERVE_TASKS}
LEFT_OUT = {"flotilla_left_out", "flotilla_lost", "flotilla_old_lists"}
# What a play passes beside its arguments; none of it is of the plan.
EXTRA = {Phase.UNREACHABLE: LEFT_OUT, **{phase: {"preflight_intent"} for phase in OBSERVING}}
BEFORE_THE_PLAN = {"observe", "refresh_packages", "require_hosts"}
# Of evict.yml alone, whose other phases are of site.yml.
OF_EVICTION = {Phase.EVICT, Phase.END_EVICTION}
# Playbooks that have phases that are not of site.yml.
OTHERS = (
    "backup",
    "clean_registry",
    "exec",
    "logs",
    "move",
    "rebalance",
    "remove",
    "reset",
    "restore",
    "run",
    "status",
    "upgrade",
)


def arguments_of(phase):
    """The dataclass of a phase's arguments."""
    kind, none = get_args(get_type_hints(HostPlan)[phase])
    assert none is type(None)
    return kind


def options_of(phase):
    """What a phase passes to its entry point: field by option."""
    return {f"__{ENTRY_POINTS[phase].role}_{field.name}": field.name for field in fields(arguments_of(phase))}


def texts(content):
    """All texts in a YAML file."""
    if isinstance(content, dict):
        content = [*content.values()]
    return [text for each in content for text in texts(each)] if isinstance(content, list) else [str(content)]


def play_of(phase):
    (play,) = yaml.safe_load(Path(f"playbooks/phases/{phase}.yml").read_text())
    return play


def imports_of(playbook):
    """The phases that a playbook goes through, each with the variables that it passes."""
    plays = yaml.safe_load(Path(f"playbooks/{playbook}.yml").read_text())
    found = {play.get("ansible.builtin.import_playbook", ""): play.get("vars", {}) for play in plays}
    names = {path: re.fullmatch(r"phases/(\w+)\.yml", path) for path in found}
    return {match[1]: found[path] for path, match in names.items() if match}


def phases_of(playbook):
    return [Phase(name) for name in imports_of(playbook) if name not in BEFORE_THE_PLAN]


PLAYBOOKS = [path.stem for path in sorted(Path("playbooks").glob("*.yml"))]
# They change nothing that serves, or what their user asks for alone, or leave nothing that could.
UNJUDGED = ("check", "clean_registry", "exec", "logs", "reset", "run", "status")
# No host is asked, and nothing is planned.
WITHOUT_HOSTS = ("check",)


def test_each_phase_is_a_field_of_a_hosts_plan_and_has_an_entry_point():
    names = [phase.value for phase in Phase]
    assert [field.name for field in fields(HostPlan)] == [*names, "changes", "notes"]
    assert [phase.value for phase in ENTRY_POINTS] == names


def test_role_preflight_takes_every_intent():
    specs = yaml.safe_load(Path("roles/preflight/meta/argument_specs.yml").read_text())["argument_specs"]
    assert specs["main"]["options"]["preflight_intent"]["choices"] == [intent.value for intent in Intent]


@EACH
def test_arguments_are_the_options_of_the_entry_point(phase):
    entry = ENTRY_POINTS[phase]
    specs = yaml.safe_load(Path(f"roles/{entry.role}/meta/argument_specs.yml").read_text())["argument_specs"]
    options = specs[entry.tasks].get("options", {})
    assert [*options] == [*options_of(phase)]
    assert {name: (option.get("required"), "default" in option) for name, option in options.items()} == dict.fromkeys(
        options, (True, False)
    )
    assert Path(f"roles/{entry.role}/tasks/{entry.tasks}.yml").is_file()


def kind_in_list(kind, name):
    """The dataclass of which a field is a list; ``None`` for other fields, and for values that come from elsewhere."""
    hint = get_type_hints(kind)[name]
    of = get_args(hint)[0] if get_origin(hint) is tuple else None
    return of if is_dataclass(of) and of.__module__.rpartition(".")[0] == kind.__module__.rpartition(".")[0] else None


@EACH
def test_arguments_in_lists_are_the_options_of_their_elements(phase):
    entry, kind = ENTRY_POINTS[phase], arguments_of(phase)
    specs = yaml.safe_load(Path(f"roles/{entry.role}/meta/argument_specs.yml").read_text())["argument_specs"]
    for option, name in options_of(phase).items():
        elements = kind_in_list(kind, name)
        spec = specs[entry.tasks]["options"][option].get("options", {})
        assert [*spec] == ([field.name for field in fields(elements)] if elements else [])
        assert all(each["required"] for each in spec.values())


def test_arguments_of_several_things_are_in_lists():
    found = {
        elements.__name__
        for phase in Phase
        for name in options_of(phase).values()
        if (elements := kind_in_list(arguments_of(phase), name))
    }
    of_volumes = {"HoldingService", "SavedVolume", "CopiedVolume", "LoadedStack", "NodeLabels", "Copy"}
    assert found == {"StackDeploy", "WaitForStack", "Spread", "CheckedStack", "Pending", "Move"} | of_volumes


@EACH
def test_play_is_for_the_hosts_of_its_phase(phase):
    assert re.findall(r"hosts_in\('(\w+)'\)", play_of(phase)["hosts"]) == [phase]


@pytest.mark.parametrize("path", sorted(Path("playbooks").rglob("*.yml")), ids=str)
def test_no_play_names_a_host_twice(path):
    """Ansible would mistake the list for a batch of a later play with ``serial``, and that play's hosts go at once."""
    plays = yaml.safe_load(path.read_text())
    joined = [play["hosts"] for play in plays if "+" in play.get("hosts", "")]
    assert [hosts for hosts in joined if not hosts.endswith(") | unique }}")] == []


@EACH
def test_play_passes_the_arguments_to_the_entry_point(phase):
    entry, play = ENTRY_POINTS[phase], play_of(phase)
    role = {"name": f"flotilla.swarm.{entry.role}", "tasks_from": entry.tasks}
    # Of a phase without hosts no role is loaded; where there are hosts in every run, including costs a task more.
    verb = "import_role" if phase is Phase.REPORT else "include_role"
    (task,) = (task for task in play["tasks"] if task.get(f"ansible.builtin.{verb}") == role)
    passed = task.get("vars", {})
    extra = {name: value for name, value in passed.items() if name not in options_of(phase)}
    assert {name: value for name, value in passed.items() if name not in extra} == {
        option: f"{{{{ decided.{field} }}}}" for option, field in options_of(phase).items()
    }
    assert extra.keys() == EXTRA.get(phase, set())
    assert not re.search(r"decided|flotilla_plan", " ".join(texts(extra)))


@EACH
def test_play_reads_the_plan_at_one_place(phase):
    play = play_of(phase)
    reading = [text for text in texts(play) if "flotilla_plan" in text]
    guards = [text for text in reading if phase is Phase.RETIRE and text.startswith("'deploy' not in flotilla_plan.")]
    assert len(guards) == (phase is Phase.RETIRE)
    decided = [play["vars"]["decided"]] if arguments_of(phase) is not Nothing else []
    assert [text for text in reading if text not in guards] == decided
    for text in decided:
        assert re.match(rf"{{{{ flotilla_plan\.hosts\[inventory_hostname\]\.{phase}\b", text)


def test_site_goes_through_the_phases_in_their_order():
    others = {phase for playbook in OTHERS for phase in phases_of(playbook)} | OF_EVICTION
    assert phases_of("site") == [phase for phase in Phase if phase not in others or phase in SHARED]


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_playbook_keeps_the_order_of_the_phases(playbook):
    found = phases_of(playbook)
    assert found == [phase for phase in Phase if phase in found]


@pytest.mark.parametrize("intent", [Intent.DEPLOY, Intent.ROLLBACK, Intent.EVICT])
def test_playbook_goes_through_the_phases_of_its_intent(intent):
    assert set(phases_of(intent)) == FRAME | set(intents.PHASES[intent])


@pytest.mark.parametrize("playbook", [name for name in PLAYBOOKS if name not in UNJUDGED])
def test_playbook_that_changes_what_serves_ends_with_the_gate(playbook):
    plays = yaml.safe_load(Path(f"playbooks/{playbook}.yml").read_text())
    last = plays[-1]["ansible.builtin.import_playbook"]
    assert {*intents.GATE} <= {*phases_of(playbook if last.startswith("phases/") else last.removesuffix(".yml"))}


def test_every_phase_is_of_a_playbook():
    assert {phase for playbook in PLAYBOOKS for phase in phases_of(playbook)} == set(Phase)
    assert {path.stem for path in Path("playbooks/phases").glob("*.yml")} == {*BEFORE_THE_PLAN, *Phase}


@pytest.mark.parametrize("playbook", [name for name in PLAYBOOKS if name not in WITHOUT_HOSTS])
def test_every_observation_of_a_playbook_has_its_intent(playbook):
    observing = {name: passed for name, passed in imports_of(playbook).items() if name.startswith("observe")}
    assert "observe" in observing
    assert {passed.get("flotilla_intent", "site") for passed in observing.values()} == {playbook}


def bare():
    return sites.hosts(["m1", "w1", "w2"], lambda address, _number: sites.bare(address))


@pytest.mark.parametrize("make", [bare, sites.set_up_site, sites.converged_site, sites.converged_site_of_two])
@pytest.mark.parametrize("site", [sites.site, sites.site_of_two])
def test_plan_is_plain_json(make, site):
    plan = sites.plan(site(), make()).as_dict()
    assert json.loads(json.dumps(plan)) == plan


def lose_image(found):
    found["m1"]["observation"]["images"]["reg:5000/hello:1"] = None


def log_out(found):
    found["m1"]["observation"].update(login="no login is stored", images={})


def change_files(found):
    found["w1"]["observation"]["files"] = dict.fromkeys(found["w1"]["observation"]["files"])


def stop_engine(found):
    found["w1"]["observation"].update(engine=None, swarm=dict(sites.bare("x")["swarm"], state="stopped"))
    found["w1"]["observation"]["services"]["docker"]["active"] = False


def stop_tasks(found):
    found["m1"]["observation"]["stacks"]["hello"]["services"]["web"]["tasks"].clear()


def forget_releases(found):
    found["m1"]["observation"]["stacks"]["hello"] = sites.set_up_site()["m1"]["observation"]["stacks"]["hello"]


def demote(found):
    found["m1"]["observation"]["nodes"][1].update(role="manager", reachability="reachable")
    found["w1"]["observation"]["swarm"]["manager"] = True


def lose_host(found):
    found["w2"] = {"desired": {"swarm": {"ansible_host": "10.0.0.3"}}, "unreachable": "no route to host"}


def wipe_host(found):
    found["w2"] = {"desired": sites.desired("10.0.0.3"), "observation": sites.bare("10.0.0.3")}


# In the order in which they are applied: none may take away what a later one changes.
DRIFTS = [
    *(lose_image, log_out, change_files, demote, stop_engine),
    *(stop_tasks, forget_releases, lose_host, wipe_host),
]


INTENTS = ["site", "deploy", "stack", "swarm", "rebalance", "reset"]


def drifted(drifts):
    """A converged site that has drifted in these ways."""
    found = sites.converged_site()
    for drift in DRIFTS:
        if drift in drifts:
            drift(found)
    return found


def check(found, intent, retires, edited):
    """Plan for an inventory in which a host may retire or the stack be another, and hold all changes against it."""
    site = sites.site(workers=("w1",), retire=("w2",)) if retires else sites.site()
    site["intent"] = intent
    site["stacks"][0]["text"] += "networks: {}\n" * edited
    plan = sites.plan(site, found)
    for host in plan.hosts.values():
        deferred = [phase for phase in host.phases if phase in OBSERVING]
        assert len(deferred) <= 1
        for phase, changes in host.changes.items():
            left = any(phase.comes_after(last) for last in deferred)
            assert (getattr(host, phase) is not None) is not left, f"{phase}: {changes}"
        work = [phase for phase in host.phases if phase not in FRAME]
        assert not any(phase.comes_after(last) for phase in work for last in deferred)
    assert not (plan.problems and plan.hosts)
    dictionary = plan.as_dict()["hosts"]
    assert {name: [*host][:-1] for name, host in dictionary.items()} == {
        name: [*host.phases] for name, host in plan.hosts.items()
    }


@pytest.mark.parametrize("intent", INTENTS)
@pytest.mark.parametrize("make", [bare, sites.converged_site, *DRIFTS], ids=lambda make: make.__name__)
def test_every_change_is_carried_out_or_left_to_the_next_plan(make, intent):
    for retires, edited in itertools.product([False, True], repeat=2):
        check(drifted([make]) if make in DRIFTS else make(), intent, retires, edited)


@given(st.sets(st.sampled_from(DRIFTS), min_size=2, max_size=4), st.sampled_from(INTENTS), st.booleans(), st.booleans())
def test_so_it_is_where_much_has_drifted(drifts, intent, retires, edited):
    check(drifted(drifts), intent, retires, edited)
