"""The phases of a run, in the order in which a playbook goes through those that it has."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """A phase: a play in ``playbooks/phases``, and the field of ``HostPlan`` that has its arguments."""

    LOCK = "lock"
    INSTALL_DOCKER = "install_docker"
    OBSERVE_SWARM = "observe_swarm"
    PUT_BACK = "put_back"
    RESTART_ENGINE = "restart_engine"
    START_BASE_IMAGES = "start_base_images"
    CREATE_SWARM = "create_swarm"
    DEMOTE_DEAD_MANAGERS = "demote_dead_managers"
    JOIN_MANAGERS = "join_managers"
    DEMOTE_MANAGERS = "demote_managers"
    JOIN_WORKERS = "join_workers"
    REMOVE_DEAD_NODES = "remove_dead_nodes"
    SERVE_REGISTRY = "serve_registry"
    LOG_IN = "log_in"
    OBSERVE_REGISTRY = "observe_registry"
    BUILD_IMAGES = "build_images"
    OBSERVE_IMAGES = "observe_images"
    PULL_IMAGES = "pull_images"
    DEPLOY = "deploy"
    CLEAN_UP = "clean_up"
    RETIRE = "retire"
    LOG_OUT = "log_out"
    UPGRADE = "upgrade"
    OBSERVE_TASKS = "observe_tasks"
    REBALANCE = "rebalance"
    SAVE_DATA = "save_data"
    SAVE_IMAGES = "save_images"
    SAVE_RELEASES = "save_releases"
    COPY_DATA = "copy_data"
    LOAD_RELEASES = "load_releases"
    LOAD_IMAGES = "load_images"
    STOP_DATA = "stop_data"
    LOAD_DATA = "load_data"
    REMOVE_STACK = "remove_stack"
    WAIT_FOR_TASKS = "wait_for_tasks"
    LEAVE_WORKERS = "leave_workers"
    LEAVE_MANAGERS = "leave_managers"
    REMOVE_LEFTOVERS = "remove_leftovers"
    FORGET_STACK = "forget_stack"
    CHECK_SERVICES = "check_services"
    CHECK_PAGE = "check_page"
    UNLOCK = "unlock"
    REPORT = "report"
    REPORT_RESET = "report_reset"
    REPORT_STATUS = "report_status"
    SHOW_LOGS = "show_logs"
    RUN_COMMAND = "run_command"
    RUN_TASK = "run_task"
    UNREACHABLE = "unreachable"

    def comes_after(self, other: Phase) -> bool:
        """Tell whether a run reaches it later than another one."""
        order = list(Phase)
        return order.index(self) > order.index(other)
