// Calls of the operations about accounts, upkeep and the server; after those of samples.cc, in the world they left.
#include "edge/rest/testing/samples.h"
#include "foundation/platform/testing/test_machine.h"
#include "vault/access/sign_in.h"

namespace atl::rest::testing {
namespace {

constexpr std::string_view kTotpSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

// The world's clock stands near its start; a code is good one step early, too.
std::string code(std::uint64_t steps_later) {
  const auto secret = from_base32(kTotpSecret).value_or(Bytes{});
  constexpr std::int64_t start_s = platform::ManualClock::kStartUnixUs / 1'000'000;
  return access::totp_code(secret, static_cast<std::uint64_t>(start_s / access::kTotpStepSeconds) + steps_later);
}

std::vector<Sample> account_samples() {
  const std::string secret(kTotpSecret);
  return {
      {.id = "user_create",
       .target = "/api/v1/users",
       .body = R"({"name": "tim", "password": "long enough", "role": "reader", "place": {"bucket": "photos"}})",
       .status = 201},
      {.id = "user_create", .target = "/api/v1/users", .body = R"({"name": "Tim!"})", .status = 400},
      {.id = "user_list", .target = "/api/v1/users?limit=2"},
      {.id = "user_show", .target = "/api/v1/users/tim"},
      {.id = "user_change",
       .target = "/api/v1/users/tim",
       .body = R"({"email": "t@example.org", "is_disabled": true})"},
      {.id = "user_change", .target = "/api/v1/users/tim", .body = R"({"is_disabled": false})"},
      {.id = "user_password_set",
       .target = "/api/v1/users/ada/password",
       .body = R"({"password": "first lantern"})",
       .status = 204},
      {.id = "session_create",
       .target = "/api/v1/session",
       .body = R"({"name": "tim", "password": "long enough"})",
       .status = 201},
      {.id = "session_create",
       .target = "/api/v1/session",
       .body = R"({"name": "tim", "password": "wrong"})",
       .status = 401},
      {.id = "session_show", .target = "/api/v1/session"},
      {.id = "session_delete", .target = "/api/v1/session", .status = 204},
      {.id = "own_password_set",
       .target = "/api/v1/session/password",
       .body = R"({"password": "first lantern", "new_password": "second lantern"})",
       .status = 204},
      {.id = "own_totp_create", .target = "/api/v1/session/totp"},
      {.id = "own_totp_confirm",
       .target = "/api/v1/session/totp",
       .body = R"({"secret": ")" + secret + R"(", "code": ")" + code(0) + R"(", "password": "second lantern"})",
       .status = 204},
      {.id = "own_totp_end",
       .target = "/api/v1/session/totp/end",
       .body = R"({"password": "second lantern", "code": ")" + code(1) + R"("})",
       .status = 204},
      {.id = "user_totp_delete", .target = "/api/v1/users/tim/totp", .status = 204},
      {.id = "user_export", .target = "/api/v1/users/tim/export"},
      {.id = "group_create", .target = "/api/v1/groups", .body = R"({"name": "family"})", .status = 201},
      {.id = "group_member_add", .target = "/api/v1/groups/family/members/tim"},
      {.id = "group_list", .target = "/api/v1/groups"},
      {.id = "group_show", .target = "/api/v1/groups/family"},
      {.id = "group_change", .target = "/api/v1/groups/family", .body = R"({"is_disabled": true})"},
      {.id = "group_member_remove", .target = "/api/v1/groups/family/members/tim", .status = 204},
      {.id = "group_delete", .target = "/api/v1/groups/family", .status = 204},
  };
}

std::vector<Sample> right_samples() {
  return {
      {.id = "role_put",
       .target = "/api/v1/roles/looker",
       .body = R"({"description": "looks", "rules": [{"actions": ["list", "read"], "age_seconds_max": 60}]})"},
      {.id = "role_list", .target = "/api/v1/roles"},
      {.id = "role_show", .target = "/api/v1/roles/looker"},
      {.id = "role_delete", .target = "/api/v1/roles/looker", .status = 204},
      {.id = "grant_create",
       .target = "/api/v1/grants",
       .body = R"({"subject": "tim", "role": "editor", "place": {"bucket": "photos", "prefix": "2024/"},
                   "expires": "30d"})",
       .status = 201,
       .keep = {{"grant", "id"}}},
      {.id = "grant_list", .target = "/api/v1/grants?subject=tim"},
      {.id = "grant_delete", .target = "/api/v1/grants/{grant}", .status = 204},
      {.id = "quota_set", .target = "/api/v1/quotas", .body = R"({"user": "tim", "bytes_max": 1000000})"},
      {.id = "quota_list", .target = "/api/v1/quotas"},
      {.id = "token_create",
       .target = "/api/v1/tokens",
       .body = R"({"label": "laptop", "scopes": [{"role": "reader", "place": {"bucket": "photos"}}], "expires": "1d"})",
       .status = 201,
       .keep = {{"token_id", "id"}}},
      {.id = "token_list", .target = "/api/v1/tokens"},
      {.id = "token_list", .target = "/api/v1/tokens?user=tim"},
      {.id = "token_delete", .target = "/api/v1/tokens/{token_id}", .status = 204},
      {.id = "s3_key_create",
       .target = "/api/v1/s3-keys",
       .body = R"({"user": "tim", "label": "rclone"})",
       .status = 201,
       .keep = {{"s3_key", "access_key_id"}}},
      {.id = "s3_key_list", .target = "/api/v1/s3-keys?all"},
      {.id = "s3_key_delete", .target = "/api/v1/s3-keys/{s3_key}", .status = 204},
      {.id = "user_erase", .target = "/api/v1/users/tim/erase", .body = R"({"name": "tom"})", .status = 400},
      {.id = "user_erase", .target = "/api/v1/users/tim/erase", .body = R"({"name": "tim"})"},
      {.id = "user_create", .target = "/api/v1/users", .body = R"({"name": "tom", "kind": "service"})", .status = 201},
      {.id = "user_delete", .target = "/api/v1/users/tom", .status = 204},
  };
}

std::vector<Sample> share_samples() {
  return {
      {.id = "object_put", .target = "/api/v1/buckets/photos/objects/shared/one.txt", .body = "one", .status = 201},
      {.id = "share_create",
       .target = "/api/v1/shares",
       .body = R"({"place": {"bucket": "photos", "prefix": "shared/one.txt"}, "label": "one"})",
       .status = 201,
       .keep = {{"share", "id"}, {"one", "secret"}}},
      {.id = "share_create",
       .target = "/api/v1/shares",
       .body = R"({"place": {"bucket": "photos", "prefix": "shared/"}, "downloads_max": 3})",
       .status = 201,
       .keep = {{"folder", "secret"}}},
      {.id = "share_create",
       .target = "/api/v1/shares",
       .body = R"({"place": {"bucket": "photos", "prefix": "drop/"}, "takes_uploads": true})",
       .status = 201,
       .keep = {{"drop", "secret"}}},
      {.id = "share_list", .target = "/api/v1/shares", .is_list = true},
      {.id = "shared_show", .target = "/api/v1/shared/{one}"},
      {.id = "shared_show", .target = "/api/v1/shared/{folder}"},
      {.id = "shared_show", .target = "/api/v1/shared/atll_nothing", .status = 401},
      {.id = "shared_content", .target = "/api/v1/shared/{one}/content"},
      {.id = "shared_content", .target = "/api/v1/shared/{folder}/content?key=one.txt"},
      {.id = "shared_list", .target = "/api/v1/shared/{folder}/files"},
      {.id = "shared_archive", .target = "/api/v1/shared/{folder}/archive"},
      {.id = "shared_upload", .target = "/api/v1/shared/{drop}/files/new.txt", .body = "new", .status = 201},
      {.id = "shared_upload", .target = "/api/v1/shared/{drop}/files/new.txt", .body = "newer", .status = 403},
      {.id = "share_delete", .target = "/api/v1/shares/{share}", .status = 204},
  };
}

std::vector<Sample> upkeep_samples() {
  const std::string key = "{" + RestWorld::s3_key() + "}";
  const std::string wrong_key = R"({"access_key_id": "OTHER", "secret_access_key": "wrong"})";
  const std::string far = R"({"place": "s3://bucket/mine?{s3}", "name": "far", )" + RestWorld::s3_key() + "}";
  return {
      {.id = "policy_set", .target = "/api/v1/policy", .body = R"({"keep_within": "60d", "horizon": "30d"})"},
      {.id = "policy_set", .target = "/api/v1/policy", .body = R"({"horizon": "0"})", .status = 400},
      {.id = "policy_show", .target = "/api/v1/policy"},
      {.id = "policy_unset", .target = "/api/v1/policy", .status = 204},
      {.id = "bucket_policy_set", .target = "/api/v1/buckets/photos/policy", .body = R"({"keeps_all": true})"},
      {.id = "bucket_policy_show", .target = "/api/v1/buckets/photos/policy"},
      {.id = "bucket_policy_unset", .target = "/api/v1/buckets/photos/policy", .status = 204},
      {.id = "gc_start",
       .target = "/api/v1/gc",
       .body = R"({"dry_run": true})",
       .status = 202,
       .keep = {{"job", "id"}}},
      {.id = "verify_start", .target = "/api/v1/verify", .body = "{}", .status = 202},
      {.id = "check_list", .target = "/api/v1/checks?limit=5"},
      {.id = "drill_start", .target = "/api/v1/drill", .body = R"({"objects": 5})", .status = 202},
      {.id = "drill_start", .target = "/api/v1/drill", .body = R"({"copy": "nowhere"})", .status = 404},
      {.id = "checkpoint_start", .target = "/api/v1/checkpoints", .status = 202},
      {.id = "tier_list", .target = "/api/v1/tiers"},
      {.id = "tier_list", .target = "/api/v1/tiers?bucket=photos"},
      {.id = "tiers_start", .target = "/api/v1/tiers", .body = R"({"dry_run": true})", .status = 202},
      {.id = "job_list", .target = "/api/v1/jobs"},
      {.id = "job_show", .target = "/api/v1/jobs/{job}"},
      {.id = "job_show", .target = "/api/v1/jobs/nothing", .status = 404},
      {.id = "job_watch", .target = "/api/v1/jobs/{job}/events"},
      {.id = "job_cancel", .target = "/api/v1/jobs/{job}", .status = 204},
      {.id = "kit_create", .target = "/api/v1/kit", .status = 400},  // over an open connection
      {.id = "kit_create", .target = "/api/v1/kit", .status = 201, .is_from_here = true},
      {.id = "kit_confirm", .target = "/api/v1/kit", .status = 204},
      {.id = "copy_create",
       .target = "/api/v1/copies",
       .body = R"({"place": "/second", "name": "disk"})",
       .status = 202},
      {.id = "copy_create", .target = "/api/v1/copies", .body = R"({"place": "/second"})", .status = 409},
      {.id = "copy_create", .target = "/api/v1/copies", .body = R"({"place": "a/../b"})", .status = 400},
      {.id = "copy_create", .target = "/api/v1/copies", .body = R"({"place": "/third", "dry_run": true})"},
      // The secret of a key travels by closed ways only.
      {.id = "copy_create", .target = "/api/v1/copies", .body = far, .status = 400},
      {.id = "copy_create", .target = "/api/v1/copies", .body = far, .status = 202, .is_from_here = true},
      {.id = "copy_create", .target = "/api/v1/copies", .body = far, .status = 409, .is_from_here = true},
      {.id = "copy_create",
       .target = "/api/v1/copies",
       .body = R"({"place": "s3://bucket/keyless"})",
       .status = 400,
       .is_from_here = true},
      {.id = "copy_key_set", .target = "/api/v1/copies/far/key", .body = key, .status = 204, .is_from_here = true},
      {.id = "copy_key_set",
       .target = "/api/v1/copies/far/key",
       .body = wrong_key,
       .status = 403,
       .is_from_here = true},
      {.id = "copy_key_set", .target = "/api/v1/copies/disk/key", .body = key, .status = 400, .is_from_here = true},
      {.id = "copy_verify", .target = "/api/v1/copies/far/verify", .body = R"({"reads_data": true})", .status = 202},
      {.id = "copy_repair", .target = "/api/v1/copies/far/repair", .status = 202},
      {.id = "copy_delete", .target = "/api/v1/copies/far?delete_files", .status = 204},
      {.id = "copy_list", .target = "/api/v1/copies"},
      {.id = "copy_show", .target = "/api/v1/copies/disk"},
      {.id = "copy_sync", .target = "/api/v1/copies/disk/sync", .status = 202},
      {.id = "copy_verify", .target = "/api/v1/copies/disk/verify", .body = R"({"reads_data": true})", .status = 202},
      {.id = "copy_repair", .target = "/api/v1/copies/disk/repair", .status = 202},
      {.id = "copy_repair", .target = "/api/v1/copies/other/repair", .status = 404},
      {.id = "copy_delete", .target = "/api/v1/copies/disk?delete_files", .status = 204},
      {.id = "schedule_create",
       .target = "/api/v1/schedules",
       .body = R"({"command": "verify --sample 5%", "rule": "daily 03:00", "name": "nightly"})",
       .status = 201},
      {.id = "schedule_create",
       .target = "/api/v1/schedules",
       .body = R"({"command": "put /etc photos", "rule": "hourly"})",
       .status = 403},
      {.id = "schedule_list", .target = "/api/v1/schedules"},
      {.id = "schedule_show", .target = "/api/v1/schedules/nightly"},
      {.id = "schedule_run", .target = "/api/v1/schedules/nightly/run", .status = 202},
      {.id = "schedule_delete", .target = "/api/v1/schedules/nightly", .status = 204},
      {.id = "snapshot_prune",
       .target = "/api/v1/buckets/photos/prune-snapshots?dry_run",
       .body = R"({"keep_last": 3})"},
      {.id = "snapshot_prune", .target = "/api/v1/buckets/photos/prune-snapshots", .body = "{}", .status = 400},
      {.id = "server_show", .target = "/api/v1/server"},
      {.id = "health_summary", .target = "/api/v1/health/summary"},
      {.id = "alarm_list", .target = "/api/v1/alarms"},
      {.id = "alarm_history", .target = "/api/v1/alarms/history?limit=5"},
      {.id = "alarm_kinds", .target = "/api/v1/alarms/kinds"},
      {.id = "drive_list", .target = "/api/v1/drives"},
      {.id = "monitor_show", .target = "/api/v1/monitor"},
      {.id = "monitor_show", .target = "/api/v1/monitor?since=1d&figures=files,query_p99_seconds"},
      {.id = "monitor_show", .target = "/api/v1/monitor?figures=nothing", .status = 400},
      {.id = "request_list", .target = "/api/v1/requests"},
      {.id = "settings_show", .target = "/api/v1/settings"},
      {.id = "alarm_try", .target = "/api/v1/alarms/test"},
      {.id = "alarm_thresholds_set", .target = "/api/v1/settings/alarms", .body = R"({"reads": 5000})"},
      {.id = "alarm_thresholds_set",
       .target = "/api/v1/settings/alarms",
       .body = R"({"limits": {"capacity": "80:90", "one_copy": "off"}})"},
      {.id = "alarm_thresholds_set",
       .target = "/api/v1/settings/alarms",
       .body = R"({"limits": {"capacity": "90:80"}})",
       .status = 400},
      {.id = "alarm_thresholds_set",
       .target = "/api/v1/settings/alarms",
       .body = R"({"tell": ["mail:me@example.org"]})"},
      {.id = "alarm_thresholds_set",
       .target = "/api/v1/settings/alarms",
       .body = R"({"tell": ["me@example.org"]})",
       .status = 400},
      {.id = "audit_list", .target = "/api/v1/audit?limit=3"},
      {.id = "audit_verify", .target = "/api/v1/audit/verify"},
      {.id = "audit_report", .target = "/api/v1/audit/report?since=1d"},
  };
}

}  // namespace

std::vector<Sample> admin_samples() {
  std::vector<Sample> all = account_samples();
  for (auto&& more : {right_samples(), share_samples(), upkeep_samples()})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace atl::rest::testing
