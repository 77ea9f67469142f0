"""Make the plan of a whole run from one observation of all hosts.

Pure: the same observations give the same plan, and nothing is asked or changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..model.intent import Intent
from ..model.observation import Host
from ..model.phase import Phase
from ..model.problem import Problem
from ..model.site import Site
from . import roles
from .backup import plan_backup
from .clean_registry import plan_clean_registry
from .command import plan_exec, plan_run
from .evict import plan_evict
from .logs import plan_logs
from .move_volume import plan_move
from .rebalance import plan_rebalance
from .remove import plan_remove
from .reset import plan_reset
from .restore import plan_restore
from .result import Plan
from .site import plan_site
from .situation import Situation, assess
from .status import plan_status
from .upgrade import plan_upgrade

PLANNERS: Mapping[Intent, Callable[[Situation], Plan]] = {
    Intent.SITE: plan_site,
    Intent.DEPLOY: plan_site,
    Intent.ROLLBACK: plan_site,
    Intent.REMOVE: plan_remove,
    Intent.REBALANCE: plan_rebalance,
    Intent.MOVE: plan_move,
    Intent.EVICT: plan_evict,
    Intent.BACKUP: plan_backup,
    Intent.RESTORE: plan_restore,
    Intent.RESET: plan_reset,
    Intent.STATUS: plan_status,
    Intent.LOGS: plan_logs,
    Intent.EXEC: plan_exec,
    Intent.RUN: plan_run,
    Intent.UPGRADE: plan_upgrade,
    Intent.CLEAN_REGISTRY: plan_clean_registry,
    Intent.DOCKER: roles.plan_docker,
    Intent.FIREWALL: roles.plan_firewall,
    Intent.SWARM: roles.plan_swarm,
    Intent.REGISTRY: roles.plan_registry_alone,
    Intent.IMAGE: roles.plan_image,
    Intent.STACK: roles.plan_stack,
}


def make_plan(
    site: Site,
    observations: Mapping[str, Host],
    intent: Intent,
    wrong: tuple[Problem, ...] = (),
    passed: Phase | None = None,
) -> Plan:
    """Decide what each host has to do.

    :param observations: by inventory name, of all hosts of the site
    :param wrong: what is wrong with the input itself, for a plan that tells it
    :param passed: see ``Situation``
    """
    return PLANNERS[intent](assess(site, observations, intent, wrong, passed))
