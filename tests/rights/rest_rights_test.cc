// Every operation of REST as every role, against a table written by hand.
// Always true: an operation without a line in the table is a failing test, and so is a line without an operation.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "edge/rest/testing/samples.h"
#include "rights_world.h"

namespace atl::rights {
namespace {

using rest::Operation;
using rest::testing::filled;
using rest::testing::Sample;

struct Line {
  std::string_view id;
  std::string_view may;
  // Only for samples that hold this in their target or body; the first line that fits counts.
  std::string_view where = {};
};

// What everybody with any role at all may see.
constexpr std::string_view kLooks = "oerau pbvqtyd";
constexpr std::string_view kOwn = "oeru pbvqtyd";      // about oneself; agents do not make tokens
constexpr std::string_view kReadsObject = "oera pbt";  // what is stored begins as warm
constexpr std::string_view kReadsHistory = "oerau";
constexpr std::string_view kReadsVersions = "oera";
constexpr std::string_view kStores = "oea";
constexpr std::string_view kChangesObject = "oea p";  // of a known tier
constexpr std::string_view kEdits = "oe";
constexpr std::string_view kOwner = "o";
constexpr std::string_view kSupervises = "ou";

constexpr std::array kLines = {
    Line{"vault_list", kLooks},
    Line{"vault_show", kLooks},
    Line{"bucket_put", kEdits},
    Line{"bucket_list", kLooks},
    Line{"bucket_show", kLooks},
    Line{"bucket_delete", kEdits},

    Line{"object_put", kChangesObject, "sun"},  // over one that is there
    Line{"object_put", kStores},
    Line{"object_list", kReadsVersions, "as_of"},
    Line{"object_list", kLooks},
    Line{"object_get", kReadsVersions, "version="},
    Line{"object_get", kReadsObject},
    Line{"object_head", kLooks},
    Line{"object_patch", kChangesObject},
    Line{"object_info", kReadsVersions, "version="},
    Line{"object_info", kLooks},
    Line{"object_versions", kReadsHistory},
    Line{"object_diff", kReadsVersions},
    Line{"object_copy", kStores},
    Line{"object_move", kEdits},
    Line{"object_remove_many", kEdits},
    Line{"object_delete", kOwner, "forever"},
    Line{"object_delete", kEdits},
    Line{"object_rollback", kEdits},
    Line{"bucket_log", kReadsHistory},
    Line{"bucket_diff", kReadsVersions},
    Line{"bucket_archive", kReadsVersions},
    Line{"bucket_unpack", kStores},
    Line{"vectors_put", kStores},
    Line{"search", kReadsVersions},
    Line{"duplicate_list", kReadsVersions},
    Line{"duplicate_remove", kLooks},  // what each may remove is asked for each
    Line{"quarantine_list", kReadsVersions},
    Line{"search_questions", kLooks},
    Line{"search_questions_change", kOwner},
    Line{"search_questions_clear", kOwner},
    Line{"search_opened", kLooks},
    Line{"object_understood", kReadsObject},
    Line{"object_preview", kReadsObject},
    Line{"search_coverage", kLooks},
    Line{"vector_search", kReadsVersions},
    Line{"embedder_show", kLooks},
    Line{"embedder_set", kOwner},
    Line{"embedder_offers", kOwner},
    Line{"changes", kReadsVersions},

    Line{"label_list", kReadsHistory},
    Line{"label_set", kChangesObject},
    Line{"label_delete", kChangesObject},
    Line{"provenance_show", kLooks},
    Line{"provenance_add", kStores},  // the sample's is of a version that it names

    Line{"upload_options", "*"},
    Line{"upload_create", kStores},
    Line{"upload_head", kStores},
    Line{"upload_patch", kStores},
    Line{"upload_delete", kStores},

    Line{"snapshot_create", kEdits},
    Line{"snapshot_list", kLooks},
    Line{"snapshot_show", kLooks},
    Line{"snapshot_hold", kOwner},
    Line{"snapshot_release", kOwner},
    Line{"snapshot_delete", kEdits},
    Line{"snapshot_prune", kEdits},
    Line{"operation_list", kReadsHistory},
    Line{"undo", kEdits},
    Line{"rewind", kEdits},

    Line{"user_create", kOwner},
    Line{"user_list", kSupervises},
    Line{"user_show", kSupervises},
    Line{"user_change", kOwner},
    Line{"user_password_set", kOwner},
    Line{"user_totp_delete", kOwner},
    Line{"user_export", kOwner},
    Line{"user_erase", kOwner},
    Line{"user_delete", kOwner},
    Line{"session_create", "*"},
    Line{"session_show", "*"},
    Line{"session_delete", "*"},
    Line{"own_password_set", kOwn},
    Line{"own_totp_create", kOwn},
    Line{"own_totp_confirm", kOwn},
    Line{"own_totp_end", kOwn},
    Line{"group_create", kOwner},
    Line{"group_list", kSupervises},
    Line{"group_show", kSupervises},
    Line{"group_change", kOwner},
    Line{"group_member_add", kOwner},
    Line{"group_member_remove", kOwner},
    Line{"group_delete", kOwner},
    Line{"role_put", kOwner},
    Line{"role_list", kSupervises},
    Line{"role_show", kSupervises},
    Line{"role_delete", kOwner},
    Line{"grant_create", kOwner},
    Line{"grant_list", kSupervises},
    Line{"grant_delete", kOwner},
    Line{"public_list", kSupervises},
    Line{"quota_set", kOwner},
    Line{"quota_list", kSupervises},
    Line{"token_create", kOwn},
    Line{"token_list", kSupervises, "user="},
    Line{"token_list", kOwn},
    Line{"token_delete", kOwn},
    Line{"s3_key_create", kOwner},  // the sample's is another's
    Line{"s3_key_list", kSupervises},
    Line{"s3_key_delete", kOwner},
    Line{"share_create", kEdits},
    Line{"share_list", kEdits},
    Line{"share_delete", kEdits},
    // Whoever holds the link.
    Line{"shared_show", "*"},
    Line{"shared_content", "*"},
    Line{"shared_list", "*"},
    Line{"shared_archive", "*"},
    Line{"shared_upload", "*"},

    Line{"policy_show", "oeru"},
    Line{"policy_set", kOwner},
    Line{"policy_unset", kOwner},
    Line{"bucket_policy_show", "oeru"},
    Line{"bucket_policy_set", kOwner},
    Line{"bucket_policy_unset", kOwner},
    Line{"bucket_gate_show", "oeru"},
    Line{"bucket_gate_set", kOwner},
    Line{"bucket_gate_unset", kOwner},
    Line{"gc_start", kOwner},
    Line{"verify_start", "oeu"},
    Line{"checkpoint_start", kEdits},
    Line{"tiers_start", kEdits},
    Line{"tier_list", "oeru"},
    Line{"job_list", "oeru"},
    Line{"job_show", "oeru"},
    Line{"job_watch", "oeru"},
    Line{"job_cancel", kOwner},  // the sample's is one of gc, which needs the right to that
    Line{"kit_create", kOwner},
    Line{"kit_confirm", kOwner},
    Line{"copy_list", kOwner},
    Line{"copy_create", kOwner},
    Line{"copy_show", kOwner},
    Line{"copy_key_set", kOwner},
    Line{"copy_sync", kOwner},
    Line{"copy_verify", kOwner},
    Line{"copy_repair", kOwner},
    Line{"copy_delete", kOwner},
    Line{"schedule_list", kOwner},
    Line{"schedule_create", kOwner},
    Line{"schedule_show", kOwner},
    Line{"schedule_run", kOwner},
    Line{"drill_start", kOwner},
    Line{"schedule_delete", kOwner},
    Line{"server_show", kLooks},
    Line{"health_summary", kLooks},
    Line{"check_list", kLooks},
    Line{"alarm_list", kLooks},
    Line{"alarm_history", kLooks},
    Line{"alarm_kinds", kLooks},
    Line{"drive_list", kLooks},
    Line{"monitor_show", kLooks},
    Line{"request_list", kLooks},
    Line{"settings_show", kOwner},
    Line{"alarm_thresholds_set", kOwner},
    Line{"alarm_try", kOwner},
    Line{"audit_list", kSupervises},
    Line{"audit_verify", kSupervises},
    Line{"audit_report", kSupervises},
};

const Line* line_of(const Sample& sample) {
  const auto found = std::ranges::find_if(kLines, [&](const Line& line) {
    return line.id == sample.id && (line.where.empty() || sample.target.find(line.where) != std::string::npos ||
                                    sample.body.find(line.where) != std::string::npos);
  });
  return found == kLines.end() ? nullptr : &*found;
}

bool may_ask(const Role& role, const Line& line) {
  // A token that was made for less than its account may do is not enough to take the account over.
  const bool is_of_the_account =
      line.id == "own_password_set" || line.id == "own_totp_confirm" || line.id == "own_totp_end";
  return may(role, line.may) && !(role.letter == 'S' && is_of_the_account);
}

const Operation* row_of(std::string_view id) {
  const auto found = std::ranges::find(rest::operations(), id, &Operation::id);
  return found == rest::operations().end() ? nullptr : &*found;
}

TEST(RestRights, EveryOperationHasALineAndEveryLineAnOperation) {
  std::set<std::string_view> lines;
  for (const Line& line : kLines) {
    lines.insert(line.id);
    const Operation* const row = row_of(line.id);
    ASSERT_NE(row, nullptr) << line.id;
    EXPECT_EQ(line.may == "*", !row->open_words.empty()) << line.id;
  }
  for (const Operation& row : rest::operations()) EXPECT_TRUE(lines.contains(row.id)) << row.id << " has no line";
}

// So that no page elsewhere can have a browser do something by showing a picture.
TEST(RestRights, AGetChangesNothing) {
  RightsWorld world(roles().front());
  std::map<std::string, std::string> kept;
  for (const Sample& sample : rest::testing::samples()) {
    const Operation* const row = row_of(sample.id);
    ASSERT_NE(row, nullptr);
    net::Headers headers;
    for (const auto& field : sample.headers) headers.set(field.name, filled(field.value, kept));
    if (!row->body.empty() && row->body != rest::kAnyBytes) headers.set("Content-Type", "application/json");
    const std::uint64_t before = world.last_change();
    world.come_from_here(sample.is_from_here);
    keep(sample, world.ask(std::string(row->method), filled(sample.target, kept), filled(sample.body, kept), headers),
         kept);
    if (row->method != "GET" && row->method != "HEAD") continue;
    EXPECT_EQ(world.last_change(), before) << sample.target;
  }
}

class RestRightsTest : public ::testing::TestWithParam<Role> {};

TEST_P(RestRightsTest, MayWhatItsTableSaysAndNothingElse) {
  const Role& role = GetParam();
  RightsWorld world(role);
  std::map<std::string, std::string> kept;
  for (const Sample& sample : rest::testing::samples()) {
    SCOPED_TRACE(sample.id + " " + sample.target + " " + sample.body);
    const Operation* const row = row_of(sample.id);
    const Line* const line = line_of(sample);
    ASSERT_TRUE(row != nullptr && line != nullptr);
    net::Headers headers;
    for (const auto& field : sample.headers) headers.set(field.name, filled(field.value, kept));
    if (!row->body.empty() && row->body != rest::kAnyBytes) headers.set("Content-Type", "application/json");
    const std::string method(row->method);
    const std::string target = filled(sample.target, kept);
    const std::string body = filled(sample.body, kept);
    world.come_from_here(sample.is_from_here);
    if (may_ask(role, *line)) {
      const auto reply = world.ask(method, target, body, headers);
      EXPECT_EQ(reply.status, sample.status) << reply.body;
      keep(sample, reply, kept);
      continue;
    }
    // Open operations are for whoever signs in with something good, or with nothing.
    if (line->may != "*" && sample.status < 400) {
      const std::uint64_t before = world.last_change();
      const auto reply = world.ask(method, target, body, headers);
      EXPECT_EQ(world.last_change(), before);
      const bool is_nobody = role.letter == 'n' || role.letter == 'l';
      if (is_nobody) {
        EXPECT_EQ(reply.status, 401U) << reply.body;
      } else if (sample.is_list && reply.status == 200) {
        EXPECT_EQ(reply.body.find("\"key\""), std::string::npos) << reply.body;
        EXPECT_EQ(reply.body.find("\"name\""), std::string::npos) << reply.body;
      } else {
        EXPECT_TRUE(reply.status == 403 || reply.status == 404) << reply.status << reply.body;
      }
    }
    // So that what comes next is there.
    keep(sample, world.ask_as_owner(method, target, body, headers), kept);
  }
}

INSTANTIATE_TEST_SUITE_P(Roles, RestRightsTest, ::testing::ValuesIn(roles()),
                         [](const auto& one) { return std::string(1, one.param.letter); });

}  // namespace
}  // namespace atl::rights
