// What was asked of a vault's search. Always true: whoever may not read the home's records sees what they asked
// themselves, and nobody else's questions.
#include "derived/search/question_log.h"

#include "derived/search/search_index.h"
#include "edge/rest/answers.h"
#include "edge/rest/groups.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

constexpr std::uint64_t kListedOtherwise = 20;
constexpr std::uint64_t kListedMax = 1000;
constexpr std::int64_t kSinceOtherwiseUs = 30LL * 86'400 * 1'000'000;

Result<search::QuestionLog*> log_of(Call& call) {
  ATOLL_TRY(call.vault());
  ATOLL_ASSIGN(const search::SearchIndex* const index, call.search());
  if (index->questions() != nullptr) return index->questions();
  return fail(ErrorKind::failed, "search.no_questions", "what was asked could not be opened",
              "The server's log says why.");
}

Value counted_json(const std::vector<search::CountedWords>& counted) {
  Value out = Value::array();
  for (const auto& one : counted) {
    Value item = Value::object();
    item.set("words", one.words).set("count", one.count);
    out.push(std::move(item));
  }
  return out;
}

Result<net::Response> show_questions(Call& call) {
  ATOLL_ASSIGN(search::QuestionLog* const log, log_of(call));
  ATOLL_ASSIGN(const auto since, since_of(call));
  const Timestamp from = since.value_or(Timestamp{call.exchange().now().unix_us - kSinceOtherwiseUs});
  const bool sees_all = !call.flag("own") && call.exchange().may(Action::audit_read, access::Resource{});
  const std::string& name = call.who().name;
  if (!sees_all && name.empty()) return fail(ErrorKind::wrong_key, "access.not_signed_in", "nobody has signed in");
  ATOLL_ASSIGN(const auto asked, log->statistics(from, sees_all ? "" : name, call.number("limit", kListedOtherwise)));
  Value out = Value::object();
  out.set("is_on", asked.is_on).set("is_of_all", sees_all).set("since", format_rfc3339(from));
  out.set("questions", asked.questions).set("without_result", asked.without_result);
  out.set("with_opened", asked.with_opened).set("success_rate", asked.success_rate());
  out.set("median_ms", static_cast<double>(asked.median_us) / 1e3)
      .set("p99_ms", static_cast<double>(asked.p99_us) / 1e3);
  out.set("terms", counted_json(asked.terms)).set("lines", counted_json(asked.lines));
  out.set("found_nothing", counted_json(asked.found_nothing));
  return ok(out);
}

Result<net::Response> change_questions(Call& call) {
  ATOLL_ASSIGN(search::QuestionLog* const log, log_of(call));
  ATOLL_ASSIGN(const bool is_on, call.body().flag_of("is_on"));
  ATOLL_TRY(log->set_on(is_on));
  return no_content();
}

Result<net::Response> clear_questions(Call& call) {
  ATOLL_ASSIGN(search::QuestionLog* const log, log_of(call));
  ATOLL_TRY(log->clear());
  return no_content();
}

Result<net::Response> note_opened(Call& call) {
  ATOLL_ASSIGN(search::QuestionLog* const log, log_of(call));
  ATOLL_ASSIGN(const std::uint64_t question, call.body().number_of("question"));
  ATOLL_ASSIGN(const std::uint64_t rank, call.body().number_of("rank"));
  ATOLL_TRY(log->opened(question, call.who().name, static_cast<std::uint32_t>(rank)));
  return no_content();
}

}  // namespace

std::vector<Operation> question_operations() {
  return {
      {.id = "search_questions",
       .method = "GET",
       .path = "/api/v1/search/questions",
       .tag = "search",
       .words = "What was asked of the search, and what it did not find.\nOf everybody where the caller may read the "
                "home's records, else the caller's own questions. `success_rate` is the share of questions of which a "
                "result was opened, as far as a page or program told.",
       .guards = {{Action::status, Place::vault}},
       .query = {{.name = "since", .words = "Asked then or later: a time, or 3d (ago).", .otherwise = "30d"},
                 {.name = "limit",
                  .type = ParameterType::number,
                  .words = "Entries of each list.",
                  .number_min = 1,
                  .number_max = kListedMax,
                  .otherwise = "20"},
                 {.name = "own", .type = ParameterType::flag, .words = "The caller's own alone."}},
       .answers = {{200, "SearchQuestions", "Counts."}},
       .handler = show_questions},
      {.id = "search_questions_change",
       .method = "PATCH",
       .path = "/api/v1/search/questions",
       .tag = "search",
       .words = "Notes questions, or does not.\nSwitched off, those that were noted are gone.",
       .guards = {{Action::server_admin, Place::home}, {Action::status, Place::vault}},
       .body = "SearchQuestionsChange",
       .answers = {{204, "", "Done."}},
       .handler = change_questions},
      {.id = "search_questions_clear",
       .method = "DELETE",
       .path = "/api/v1/search/questions",
       .tag = "search",
       .words = "Forgets what was asked.",
       .guards = {{Action::server_admin, Place::home}, {Action::status, Place::vault}},
       .answers = {{204, "", "Done."}},
       .handler = clear_questions},
      {.id = "search_opened",
       .method = "POST",
       .path = "/api/v1/search/opened",
       .tag = "search",
       .words = "Tells that a result of the caller's question was opened.",
       .guards = {{Action::status, Place::vault}},
       .body = "SearchOpened",
       .answers = {{204, "", "Noted, where the question is known."}},
       .handler = note_opened},
  };
}

std::vector<NamedSchema> question_schemas() {
  using namespace schema;
  return {
      {"CountedWords", object("Words that were asked for.",
                              {required("words", text("In small letters.")), required("count", number("How often."))})},
      {"SearchQuestions",
       object("What was asked.",
              {required("is_on", flag("False: nothing is noted.")),
               required("is_of_all", flag("False: the caller's own.")),
               required("since", time("What was asked from then on is counted.")),
               required("questions", number("How many.")), required("without_result", number("That found nothing.")),
               required("with_opened", number("Of which a result was opened.")),
               required("success_rate", ratio("That many of all, 0 to 1.")),
               required("median_ms", ratio("Half of them were answered in that time.")),
               required("p99_ms", ratio("99 of 100 were.")),
               required("terms", list(reference("CountedWords"), "Single words.")),
               required("lines", list(reference("CountedWords"), "Whole questions.")),
               required("found_nothing", list(reference("CountedWords"), "Those that found nothing at last."))})},
      {"SearchQuestionsChange",
       object("Whether questions are noted.", {required("is_on", flag("False: not any more."))})},
      {"SearchOpened",
       object("A result that was opened.", {required("question", number("As the answer named it.")),
                                            required("rank", number("Which result, from 1.", 1, 100'000))})},
  };
}

}  // namespace atl::rest
