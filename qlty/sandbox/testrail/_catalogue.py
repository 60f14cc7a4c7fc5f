"""What a TestRail project is made of before any run: suites, sections, cases, statuses."""

from __future__ import annotations

from typing import Any

from qlty.sandbox.testrail._requests import Fields, TestRailError


class Catalogue:
    """The seeded, read-only part; ids are given in the order of the seed."""

    def __init__(self, seed: dict[str, Any]) -> None:
        self.paginated: bool = seed["paginated"]
        self.users: list[Fields] = seed["users"]
        self.statuses: dict[int, Fields] = {each["id"]: each for each in seed["statuses"]}
        self.required: list[str] = seed["required_result_fields"]
        self.projects: dict[int, Fields] = {}
        self.suites: dict[int, Fields] = {}
        self.sections: dict[int, Fields] = {}
        self.cases: dict[int, Fields] = {}
        self.milestones: dict[int, Fields] = {}
        self.groups: dict[int, list[Fields]] = {}
        self.configs: dict[int, Fields] = {}
        for project in seed["projects"]:
            self._add_project(project)

    def project(self, project_id: int) -> Fields:
        """The project with this id."""
        return _known(self.projects, project_id, "project_id", "valid or accessible project")

    def suite(self, suite_id: int) -> Fields:
        """The suite with this id."""
        return _known(self.suites, suite_id, "suite_id", "valid test suite")

    def suite_of(self, project: Fields, suite_id: int | None) -> Fields:
        """The suite to use in this project: the one named, or the only one."""
        own = [each for each in self.suites.values() if each["project_id"] == project["id"]]
        if suite_id is None:
            if project["suite_mode"] == 3 or not own:
                raise TestRailError("Field :suite_id is a required field.")
            return own[0]
        suite = self.suite(suite_id)
        if suite not in own:
            raise TestRailError("Field :suite_id is not a valid test suite.")
        return suite

    def case(self, case_id: int) -> Fields:
        """The case with this id."""
        return _known(self.cases, case_id, "case_id", "valid test case")

    def cases_of(self, suite_id: int) -> list[Fields]:
        """The cases of a suite, in order."""
        return [case for case in self.cases.values() if case["suite_id"] == suite_id]

    def milestone(self, milestone_id: int) -> Fields:
        """The milestone with this id."""
        return _known(self.milestones, milestone_id, "milestone_id", "valid milestone")

    def user(self, user_id: int) -> Fields:
        """The user with this id."""
        by_id = {user["id"]: user for user in self.users}
        return _known(by_id, user_id, "user_id", "valid user")

    def config_names(self, ids: list[int], project_id: int) -> str:
        """The label of a configuration, `Chrome, Windows 11`; refuses unknown ids."""
        known = [self.configs.get(each) for each in ids]
        if any(each is None or each["project_id"] != project_id for each in known):
            raise TestRailError("Field :config_ids contains one or more invalid configurations.")
        return ", ".join(each["name"] for each in known if each)

    def _add_project(self, seed: dict[str, Any]) -> None:
        project_id = seed["id"]
        done = bool(seed.get("is_completed"))
        self.projects[project_id] = {
            "id": project_id,
            "name": seed["name"],
            "announcement": None,
            "show_announcement": False,
            "is_completed": done,
            "completed_on": 1_700_000_000 if done else None,
            "suite_mode": seed["suite_mode"],
        }
        for suite in seed["suites"]:
            self._add_suite(project_id, suite)
        for each in seed.get("milestones", ()):
            shown = {**each, "project_id": project_id, "description": None, "due_on": None}
            self.milestones[each["id"]] = {**shown, "is_started": True}
        self.groups[project_id] = [self._group(project_id, g) for g in seed.get("configs", ())]

    def _add_suite(self, project_id: int, seed: dict[str, Any]) -> None:
        suite_id = seed["id"]
        self.suites[suite_id] = {
            "id": suite_id,
            "name": seed["name"],
            "description": None,
            "project_id": project_id,
            "is_master": False,
            "is_baseline": False,
            "is_completed": False,
            "completed_on": None,
        }
        for section in seed["sections"]:
            self._add_section(suite_id, section)

    def _add_section(self, suite_id: int, seed: dict[str, Any]) -> None:
        section_id = len(self.sections) + 1
        self.sections[section_id] = {
            "id": section_id,
            "suite_id": suite_id,
            "name": seed["name"],
            "description": None,
            "parent_id": None,
            "display_order": section_id,
            "depth": 0,
        }
        for given in seed["cases"]:
            case_id = len(self.cases) + 1
            own = given if isinstance(given, dict) else {"title": given}
            self.cases[case_id] = {**_case(case_id, section_id, suite_id), **own}

    def _group(self, project_id: int, seed: dict[str, Any]) -> Fields:
        group_id = len({each["group_id"] for each in self.configs.values()}) + 1
        configs = []
        for name in seed["configs"]:
            config = {"id": len(self.configs) + 1, "name": name, "group_id": group_id}
            self.configs[config["id"]] = {**config, "project_id": project_id}
            configs.append(config)
        return {"id": group_id, "name": seed["name"], "project_id": project_id, "configs": configs}


def _case(case_id: int, section_id: int, suite_id: int) -> Fields:
    return {
        "id": case_id,
        "title": "",
        "section_id": section_id,
        "template_id": 1,
        "type_id": 1,
        "priority_id": 2,
        "milestone_id": None,
        "refs": None,
        "created_by": 1,
        "created_on": 1_700_000_000,
        "updated_by": 1,
        "updated_on": 1_700_000_000,
        "estimate": None,
        "suite_id": suite_id,
        "is_deleted": 0,
    }


def _known(rows: dict[int, Fields], key: int, field: str, what: str) -> Fields:
    row = rows.get(key)
    if row is None:
        raise TestRailError(f"Field :{field} is not a {what}.")
    return row
