// The change feed: what happened since a change, as pages or as a stream.
#include <charconv>

#include "edge/rest/answers.h"
#include "edge/rest/change_feed.h"
#include "edge/rest/groups.h"
#include "edge/rest/schema.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

Result<Lsn> since_of_feed(const Call& call, vault::Vault& vault, bool is_stream) {
  const std::string history = call.text("history");
  if (!history.empty() && history != vault.journal().history().text()) {
    return fail(ErrorKind::not_found, "journal.below_horizon", "this vault now has another history: it was restored",
                "Read everything anew, and go on from since=" + std::to_string(vault.journal().last().value) + ".");
  }
  if (const auto last = call.headers().get("Last-Event-ID"); last && is_stream) {
    std::uint64_t lsn = 0;
    const auto read = std::from_chars(last->data(), last->data() + last->size(), lsn);
    if (read.ec != std::errc{} || read.ptr != last->data() + last->size())
      return fail(ErrorKind::usage, "http.bad_field", "Last-Event-ID is a change's number");
    return Lsn{lsn};
  }
  // Without a beginning: from now on.
  return Lsn{call.number("since", vault.journal().last().value)};
}

Result<net::Response> below_horizon(const Call& call, vault::Vault& vault, const Error& error) {
  if (error.id != "journal.below_horizon") return pass(error);
  auto response = server::problem(error, call.exchange().request_id);
  response.headers.set("Atoll-Start-From", std::to_string(vault.journal().last().value));
  return response;
}

Result<net::Response> changes(Call& call) {
  ATOLL_ASSIGN(auto filter, Filter::begin(call, Action::watch));
  // A whole vault, a bucket, or a prefix: who may watch nothing of it is told so.
  const std::string bucket = call.text("bucket");
  const std::string prefix = call.text("prefix");
  if (!prefix.empty() && bucket.empty())
    return fail(ErrorKind::usage, "http.bad_query", "`prefix` needs `bucket`");
  if (!bucket.empty()) {
    ATOLL_TRY(call.require(Action::watch, bucket, prefix, !prefix.empty()));
  } else if (!filter.sees("")) {
    ATOLL_TRY(filter.end());
  }
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const bool is_stream = call.headers().has_token("Accept", "text/event-stream");
  const auto since = since_of_feed(call, *vault, is_stream);
  if (!since) return below_horizon(call, *vault, since.error());
  if (*since > vault->journal().last()) {
    return fail(ErrorKind::usage, "http.bad_query",
                "the last change is " + std::to_string(vault->journal().last().value) + ", before `since`");
  }
  if (const auto kept = ChangeFeed::check_horizon(*vault, *since); !kept)
    return below_horizon(call, *vault, kept.error());
  FeedQuery query{call.vault_id(), call.who(), bucket, prefix};
  if (is_stream) {
    net::Response response;
    response.headers.set("Content-Type", "text/event-stream");
    response.headers.set("X-Accel-Buffering", "no");  // proxies hold answers back otherwise
    response.body =
        std::make_unique<FeedStream>(call.exchange().host, std::move(query), call.exchange().caller(), *since);
    return response;
  }
  const std::uint64_t limit = call.number("limit", kPageMax);
  ChangeFeed feed(call.exchange().host, std::move(query));
  Value list = Value::array();
  ATOLL_ASSIGN(const Lsn reached, feed.read(*vault, *since, [&](FeedChange change) -> Result<bool> {
                 for (Value& item : change.items) list.push(std::move(item));
                 return list.as_array()->size() < limit;
               }));
  Value out = Value::object();
  out.set("history", vault->journal().history().text()).set("changes", std::move(list));
  out.set("next_since", reached.value).set("has_more", reached < vault->journal().last());
  return ok(out);
}

}  // namespace

std::vector<Operation> change_operations() {
  return {
      {.id = "changes",
       .method = "GET",
       .path = "/api/v1/changes",
       .tag = "changes",
       .words = "What happened since a change, in order: as a page, or with Accept: text/event-stream as it happens.\nA page "
                "ends with a whole command, so it may hold more than `limit`, or nothing although more follows. Events "
                "carry the change's number as id. Where what follows is no longer kept the answer is 410, with the "
                "change to start from in Atoll-Start-From. A stream ends after an hour: come back with Last-Event-ID.",
       .guards = {{Action::watch, Place::inside}, {Action::list, Place::inside}},
       .query = {{"since", ParameterType::number, "Only what came after this change.", {}, 0, UINT64_MAX, "now"},
                 {"history", ParameterType::text, "`history` of an earlier answer: 410 where the vault has another now."},
                 {"bucket", ParameterType::text, "Only of this bucket."},
                 prefix_parameter(),
                 {"limit", ParameterType::number, "A page ends after so many.", {}, 1, kPageMax, "1000"}},
       .headers = {{"Last-Event-ID", "Of a stream: the last id that came."}},
       .answers = {{200, "ChangeFeed", "A page, or a stream of events whose data is a FeedChange."}},
       .handler = changes},
  };
}

std::vector<NamedSchema> change_schemas() {
  using namespace schema;
  return {
      {"FeedChange",
       object("Something that happened to an object or a bucket.",
              {required("lsn", number("The change's number.")), required("time", time("When.")),
               required("actor", text("Who.")),
               required("event", choice("What. described: tags or metadata. erased: removed for good, with its history.",
                                        {"stored", "removed", "described", "erased", "bucket_created"})),
               required("bucket", text("The bucket.")), optional("key", text("The key.")),
               optional("key_b64", text("In base64.")), optional("version", text("Its current or last version.")),
               optional("size", number("In bytes.")), optional("type", text("As of an object.")),
               optional("operation", text("The id it shares with others."))})},
      {"ChangeFeed",
       object("A page.", {required("history", text("Numbers count within one history.")),
                          required("changes", list(reference("FeedChange"))),
                          required("next_since", number("Give it back as `since`.")),
                          required("has_more", flag("False: this is the newest."))})},
  };
}

}  // namespace atl::rest
