"""`BackupManager`: second copies, snapshots by the clock, and taking back, over the server's own.

Every change is shipped to the copies within a second, whatever the intervals say; snapshots name states to come back to.
"""
from __future__ import annotations

import os
import secrets
from typing import Any

from .. import _data, types
from .._wire import split_address, split_object
from .settings import Manager

KINDS = ("hourly", "daily", "weekly", "monthly")
RULES = {"hourly": "hourly", "daily": "daily 02:30", "weekly": "weekly sun 02:45", "monthly": "monthly 1 02:50"}
PRUNE_RULE = "daily 04:30"
_DAYS = {"hourly": 1 / 24, "daily": 1, "weekly": 7, "monthly": 30.44}


class BackupManager(Manager):
    """What it makes is named `backup-…`; called again it changes nothing that is as it should be."""

    SETTINGS = {
        "backup_schedules.real_time.*": "copies are brought up to date every second",
        "backup_schedules.hourly.*": "a snapshot every hour, kept so long",
        "backup_schedules.daily.*": "a snapshot every day, kept so long",
        "backup_schedules.weekly.*": "a snapshot every week, kept so long",
        "backup_schedules.monthly.*": "a snapshot every month, kept so long",
        "backup_destinations": "local: a copy in that folder of the server's machine, sealed and compressed as the home is; cloud: `atoll copy add s3://…`",
        "recovery_strategies.*": "any state that policy and horizon keep can be read, rolled back to, and restored in part",
    }

    def setup_automated_backup(self) -> dict[str, Any]:
        """Makes what is missing: {copies, schedules, not_done}. `not_done` has (destination, what to do) of what the server takes from its
        command line alone. Raises JobFailed where a copy could not be filled."""
        self.client.bucket_put(self.bucket)
        copies = []
        not_done: list[tuple[Any, str]] = []
        there = {one["place"]: one["name"] for one in self.client.each(self.client.copy_list)}
        for number, place in enumerate(self.setting("backup_destinations", []), 1):
            if place.get("type") != "local":
                bucket = place.get("bucket", "BUCKET")
                not_done.append((place, f"on the server's machine: atoll copy add s3://{bucket}/{self.bucket} --region {place.get('region', 'us-east-1')}"))
                continue
            path = os.path.abspath(place["path"])
            name = there.get(path) or there.get(path + "/")
            if name is None:
                if self.client.place.socket_path:
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                name = f"backup-{number}"
                self.client.wait(self.client.copy_create(place=path, name=name))
            copies.append(name)
        return {"copies": copies, "schedules": self._make_schedules(), "not_done": not_done}

    def _make_schedules(self) -> list[str]:
        made = []
        there = {one["name"]: one for one in self.client.each(self.client.schedule_list)}
        keeps = []
        wanted = {}
        for kind in KINDS:
            if not self.setting(f"backup_schedules.{kind}.enabled", False):
                continue
            days = self.setting(f"backup_schedules.{kind}.retention_days", None) or 365.25 * self.setting(f"backup_schedules.{kind}.retention_years", 1)
            keeps.append(f"--keep-{kind} {max(1, round(days / _DAYS[kind]))}")
            wanted[f"backup-{kind}-{self.bucket}"] = (f"snapshot create backup-{kind}-{self.bucket}-{{date}}-{{time}} {self.bucket}", RULES[kind])
        if keeps:
            wanted[f"backup-prune-{self.bucket}"] = (f"snapshot prune {self.bucket} {' '.join(keeps)} --yes", PRUNE_RULE)
        for name, (command, rule) in wanted.items():
            known = there.get(name)
            if known is not None and known["command"] != command:
                self.client.schedule_delete(name)
                known = None
            if known is None:
                self.client.schedule_create(command=command, rule=rule, name=name)
            made.append(name)
        return made

    def backup_now(self, description: str | None = None) -> types.Snapshot:
        """A snapshot now, and every copy brought up to date."""
        made = self.client.snapshot_create(name=f"backup-{self.bucket}-{secrets.token_hex(4)}", bucket=self.bucket, description=description)
        for one in list(self.client.each(self.client.copy_list)):
            self.client.wait(self.client.copy_sync(one["name"]))
        return made

    def get_backup_status(self) -> dict[str, Any]:
        """{last_backup, next_backup: times or None; total_size_gb (10^9 bytes, of all copies), success_rate (of the runs that are remembered and of
        copies that were checked, 0 to 1; 0 where there is none), copies, snapshots, failures}."""
        copies = list(self.client.each(self.client.copy_list))
        schedules = [one for one in self.client.each(self.client.schedule_list) if one["name"].startswith("backup-")]
        snapshots = list(self.client.each(self.client.snapshot_list, bucket=self.bucket))
        runs = [(one["name"], run) for one in schedules for run in self.client.schedule_show(one["name"])["runs"]]
        failures = [f"{name} at {run['started']} ended with {run['exit_code']}" for name, run in runs if run["exit_code"] != 0]
        failures += [f"copy {one['name']} was found damaged" for one in copies if one.get("verify_ok") is False]
        tries = len(runs) + len(copies)
        times = [one["synced"] for one in copies if one.get("synced")] + [one["created"] for one in snapshots]
        return {"last_backup": max(times, default=None), "next_backup": min((one["next"] for one in schedules), default=None),
                "total_size_gb": sum(one.get("bytes", 0) for one in copies) / 1e9, "success_rate": 1 - len(failures) / tries if tries else 0.0,
                "copies": copies, "snapshots": len(snapshots), "failures": failures}

    # --- Drills

    def store_test_data(self, data: Any) -> str:
        """Stores data under a name of its own, and gives its data id."""
        ending = {"table": "parquet" if _data.has_parquet() else "csv", "array": "npy", "value": "json"}.get(_data.kind_of(data), "bin")
        data_id = f"{self.bucket}/backup-tests/{secrets.token_hex(8)}.{ending}"
        self.client.put(data_id, data)
        return data_id

    def simulate_data_loss(self, data_id: str) -> None:
        """Removes an object, as somebody might by mistake."""
        self.client.delete(data_id)

    def recover_data(self, data_id: str, version: str | None = None) -> Any:
        """Brings a removed object back (`version`: that state of it), and gives its data."""
        bucket, key = split_object(data_id)
        if version is not None or not self.client.exists(data_id):
            self.client.object_rollback(bucket, key, to=version)
        return self.client.get_data(data_id)

    def recover_all(self, target_time: str, address: str | None = None) -> types.UndoReport:
        """Makes everything below an address (else the bucket) as it was at a moment. An `undo` takes that back."""
        bucket, prefix = split_address(address or self.bucket)
        return self.client.rewind(to=target_time, bucket=bucket, prefix=prefix or None)

    def point_in_time_recovery(self, data_id: str, target_time: str) -> Any:
        """The data as it was at a moment. NotFound where it was not there."""
        return self.client.get_data(data_id, as_of=target_time)

    def validate_recovery(self, original: Any, recovered: Any) -> dict[str, Any]:
        """{success, message}: whether both are the same."""
        from .versioning import differences
        changes = differences(original, recovered)
        return {"success": changes["summary"] == "no change", "message": changes["summary"]}

    def verify_copies(self, reads_data: bool = True) -> list[types.Job]:
        """Checks every copy, with `reads_data` every byte. Raises JobFailed where a check could not be done."""
        return [self.client.wait(self.client.copy_verify(one["name"], reads_data=reads_data)) for one in list(self.client.each(self.client.copy_list))]

    def rollback(self, data_id: str, version: str) -> types.Rollback:
        """Makes an earlier version the current one again."""
        bucket, key = split_object(data_id)
        return self.client.object_rollback(bucket, key, to=version)
