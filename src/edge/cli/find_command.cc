// find, preview: objects by what they are, by what they say, and how they look.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>

#include <optional>

#include "catalog/filter/filter.h"
#include "derived/extract/formats.h"
#include "derived/search/line.h"
#include "edge/cli/commands.h"
#include "edge/cli/finder.h"
#include "edge/cli/listing.h"
#include "foundation/base/units.h"
#include "vault/tier/rules.h"

namespace atl::cli {
namespace {

using catalog::Listed;

constexpr std::uint64_t kWordsLimit = 20;

struct FindArguments {
  std::vector<std::string> words, types, facets;
  std::string within, as_of, where, near, like, since, until, sort;
  std::uint64_t limit = 0, offset = 0;
  bool is_long = false, ends_with_nul = false, takes_all = false, is_descending = false, explains = false,
       shows_snippets = false, waits_not = false, takes_words_only = false, shows_quarantined = false;
  std::optional<double> near_threshold;
};

std::string line_of(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    line += word;
  }
  return line;
}

std::string place_words(const search::FoundSnippet& snippet) {
  const auto& place = snippet.place;
  const std::string number = std::to_string(place.number);
  switch (place.kind) {
    case extract::PlaceKind::none: return snippet.line > 1 ? "line " + std::to_string(snippet.line) : "";
    case extract::PlaceKind::page: return "page " + number;
    case extract::PlaceKind::slide: return "slide " + number;
    case extract::PlaceKind::sheet: return place.name.empty() ? "sheet " + number : "sheet " + place.name;
    case extract::PlaceKind::message: return "message " + number;
    case extract::PlaceKind::time_ms:
      return std::to_string(place.number / 60'000) + ":" + (place.number / 1000 % 60 < 10 ? "0" : "") +
             std::to_string(place.number / 1000 % 60);
    case extract::PlaceKind::chapter: return place.name.empty() ? "chapter " + number : place.name;
  }
  return "";
}

// On one line, marks in bold.
std::string snippet_line(const Session& session, const search::FoundSnippet& snippet) {
  std::string out;
  std::size_t at = 0;
  const auto plain = [&](std::size_t end) {
    for (; at < end; ++at) {
      const char c = snippet.text[at];
      const bool is_blank = c == '\n' || c == '\t' || c == ' ';
      if (!is_blank) out += c;
      if (is_blank && !out.empty() && out.back() != ' ') out += ' ';
    }
  };
  for (const auto& [begin, end] : snippet.marks) {
    plain(begin);
    out += session.output.bold(shown(snippet.text.substr(begin, end - begin)));
    at = end;
  }
  plain(snippet.text.size());
  const std::string place = place_words(snippet);
  return (place.empty() ? "" : place + ": ") + out;
}

JsonObject json_of_found(const search::Found& found) {
  JsonObject object = json_of(found.bucket, found.listed);
  if (!found.inside.empty()) object.add_path("inside", found.inside);
  object.add("score", found.score);
  if (found.similarity != 0) object.add("similarity", static_cast<double>(found.similarity));
  if (!found.title.empty()) object.add("title", found.title);
  if (!found.format.empty()) object.add("format", found.format);
  if (!found.language.empty()) object.add("language", found.language);
  if (!found.trouble.empty()) object.add("trouble", found.trouble);
  if (found.is_quarantined) object.add("is_quarantined", true);
  if (!found.signals.empty()) {
    std::vector<std::string> signals;
    for (const auto& signal : found.signals)
      signals.push_back(JsonObject().add("name", signal.name).add("score", signal.score).text());
    object.add_raw("signals", json_array(signals));
  }
  if (found.snippet) {
    std::vector<std::string> marks;
    for (const auto& [begin, end] : found.snippet->marks)
      marks.push_back("[" + std::to_string(begin) + "," + std::to_string(end) + "]");
    JsonObject snippet;
    snippet.add("text", found.snippet->text).add_raw("marks", json_array(marks));
    const std::string place = place_words(*found.snippet);
    if (!place.empty()) snippet.add("place", place);
    object.add_raw("snippet", snippet.text());
  }
  return object;
}

// "title 3.2 + text 1.1": what a score is made of.
std::string signals_line(const search::Found& found) {
  std::string out;
  for (const auto& signal : found.signals) {
    const auto hundredths = static_cast<std::uint64_t>(std::lround(std::max(signal.score, 0.0) * 100));
    const std::string cents = std::to_string(100 + hundredths % 100).substr(1);
    out += (out.empty() ? "" : ", ") + signal.name + " " + std::to_string(hundredths / 100) + "." + cents;
  }
  return out.empty() ? "chosen by conditions, not ranked" : out;
}

// So that the owner sees what is looked for and not found; by whom, so that nobody else does.
Result<void> note_question(const search::SearchIndex& index, const vault::Vault& vault,
                           const search::Question& question, const search::Answer& answer, std::int64_t begun_ns) {
  if (index.questions() == nullptr || question.offset > 0 || (answer.words.empty() && question.near.empty())) return {};
  search::AskedQuestion asked;
  asked.asked = vault.machine().clock.now();
  asked.who = vault.actor();
  asked.words = answer.words;
  asked.near = question.near;
  asked.found = answer.total.value_or(answer.found.size());
  asked.duration_us = (vault.machine().clock.monotonic_ns() - begun_ns) / 1000;
  ATOLL_TRY(index.questions()->note(asked));
  return {};
}

void print_found(Session& session, const search::Found& found, const FindArguments& arguments) {
  std::string name = found.bucket + "/" + found.listed.entry.key;
  if (!found.inside.empty()) name += "!/" + found.inside;
  if (session.output.is_json) {
    session.output.json(json_of_found(found));
    return;
  }
  if (arguments.ends_with_nul) {
    session.output.data(name + std::string(1, '\0'));
    return;
  }
  print_object(session, found.bucket, found.listed, name, arguments.is_long);
  if (found.is_quarantined) session.output.line("    (in quarantine)");
  if (arguments.explains) session.output.line("    " + signals_line(found));
  if (!session.environment.terminal.is_out_terminal() && !arguments.shows_snippets) return;
  if (!found.title.empty()) session.output.line("    " + shown(found.title));
  if (found.snippet) session.output.line("    " + snippet_line(session, *found.snippet));
  if (!found.trouble.empty()) session.output.line("    (could not be read to its end: " + shown(found.trouble) + ")");
}

void say_coverage(Session& session, const search::Coverage& coverage) {
  if (coverage.is_complete()) return;
  std::string words = coverage.is_filling ? "not everything was looked at yet" : "";
  if (coverage.contents_waiting > 0) {
    words += (words.empty() ? "" : ", and ") + format_count(coverage.contents_waiting) +
             " files are known by their names only: what they say is not read yet";
  } else if (!coverage.is_filling) {
    words =
        "the newest " + format_count(coverage.current.value - coverage.reached.value) + " changes are not searched yet";
  }
  session.output.warning("search.incomplete", words);
}

// What was found by meaning, and what could not be.
void say_meaning(Session& session, const FindArguments& arguments, const search::Answer& answer) {
  const search::Coverage& coverage = answer.coverage;
  if (!arguments.near.empty() && !coverage.knows_meaning) {
    session.output.warning("search.nothing_learned",
                           "nothing is known yet of what the texts here are about: --near finds nothing by meaning");
  }
  if (!answer.asked_meaning || !coverage.knows_meaning) return;
  if (arguments.near.empty() && !answer.found.empty()) {
    session.output.message("Little here says these words; what is near in meaning was taken in (--words-only: not).");
  }
  if (!coverage.meaning_trouble.empty()) {
    session.output.warning("search.embedder_away", "by words alone: " + coverage.meaning_trouble);
  } else if (coverage.meaning_waiting > 0) {
    session.output.warning("search.meaning_incomplete",
                           format_count(coverage.meaning_waiting) + " texts are not known by their meaning yet");
  }
}

void say_left_out(Session& session, std::uint64_t count, bool is_exact) {
  if (count == 0) return;
  session.output.message((is_exact ? "" : "At least ") + format_count(count) + " in quarantine" +
                         (count == 1 ? " is" : " are") +
                         " not shown: --quarantined shows them, `atoll quarantine` says why.");
}

Result<search::Order> order_of(const std::string& word) {
  using search::Order;
  for (const auto& [name, order] :
       {std::pair("", Order::rank), std::pair("rank", Order::rank), std::pair("name", Order::name),
        std::pair("size", Order::size), std::pair("date", Order::date), std::pair("modified", Order::modified),
        std::pair("stored", Order::stored)}) {
    if (word == name) return order;
  }
  return fail(ErrorKind::usage, "search.unknown_order", "there is no order \"" + word + "\"",
              "--sort takes rank, name, size, date, modified or stored.");
}

Result<int> find_words(Session& session, const FindArguments& arguments, const search::SplitLine& line) {
  search::Question question;
  question.words = line.words;
  question.match = arguments.takes_all ? text::Match::all : text::Match::any;
  question.filter = line.filter;
  if (!arguments.where.empty()) question.filter += (question.filter.empty() ? "" : " ") + ("(" + arguments.where + ")");
  question.near = arguments.near;
  question.explains = arguments.explains;
  if (!arguments.like.empty()) {
    ATOLL_ASSIGN(const auto like, vault::parse_address(arguments.like));
    question.like = search::ObjectName{like.bucket, like.key};
  }
  question.words_only = arguments.takes_words_only;
  if (arguments.near_threshold) question.near_threshold = static_cast<float>(*arguments.near_threshold);
  question.types = arguments.types;
  question.shows_quarantined = arguments.shows_quarantined;
  question.since = arguments.since;
  question.until = arguments.until;
  question.is_descending = arguments.is_descending;
  question.facets = arguments.facets;
  question.limit = arguments.limit > 0 ? arguments.limit : kWordsLimit;
  question.offset = arguments.offset;
  ATOLL_ASSIGN(question.order, order_of(arguments.sort));
  if (!arguments.within.empty()) {
    ATOLL_ASSIGN(const auto within, vault::parse_address(arguments.within));
    question.bucket = within.bucket;
    question.prefix = within.key;
  }
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    Finder finder(session, vault);
    ATOLL_TRY(finder.open());
    if (!arguments.waits_not) {
      const bool is_by_picture = question.like && extract::recognise({}, question.like->key).group == "image";
      ATOLL_TRY(finder.catch_up(Finder::Embeds::a_little,
                                is_by_picture ? Finder::Looks::at_pictures : Finder::Looks::at_texts));
    }
    const std::int64_t begun_ns = vault.machine().clock.monotonic_ns();
    ATOLL_ASSIGN(const auto answer, finder.index().ask(vault, question));
    // An answer is not held back for want of room to note the question.
    if (const auto noted = note_question(finder.index(), vault, question, answer, begun_ns); !noted)
      session.output.warning("search.not_noted", noted.error().message);
    for (const auto& found : answer.found) {
      if (session.output.is_closed()) break;
      print_found(session, found, arguments);
    }
    if (session.output.is_json) {
      JsonObject summary("summary");
      summary.add("found", static_cast<std::uint64_t>(answer.found.size())).add("has_more", answer.has_more);
      if (answer.total) summary.add("total", *answer.total).add("is_total_exact", answer.is_total_exact);
      summary.add("words", answer.words).add("filter", answer.filter);
      JsonObject facets;
      for (const auto& facet : answer.facets) {
        JsonObject counts;
        for (const auto& one : facet.counts) counts.add(one.value, one.count);
        facets.add_raw(facet.name, counts.text());
      }
      if (!answer.facets.empty()) summary.add_raw("facets", facets.text());
      std::vector<std::string> suggestions;
      for (const auto& [word, near] : answer.suggestions)
        suggestions.push_back(JsonObject().add("word", word).add("instead", near).text());
      if (!suggestions.empty()) summary.add_raw("suggestions", json_array(suggestions));
      summary.add("contents_waiting", answer.coverage.contents_waiting)
          .add("is_complete", answer.coverage.is_complete())
          .add("quarantined_left_out", answer.quarantined_left_out)
          .add("is_left_out_exact", answer.is_left_out_exact)
          .add("asked_meaning", answer.asked_meaning);
      if (!answer.coverage.embedder.empty()) summary.add("embedder", answer.coverage.embedder);
      if (answer.asked_meaning) summary.add("meaning_waiting", answer.coverage.meaning_waiting);
      session.output.json(summary);
    } else {
      for (const auto& facet : answer.facets) {
        std::string words = facet.name + ":";
        for (const auto& one : facet.counts) words += " " + shown(one.value) + " (" + format_count(one.count) + ")";
        session.output.line(words);
      }
    }
    if (answer.has_more) {
      session.output.message((answer.total ? format_count(answer.found.size()) + " of " +
                                                 (answer.is_total_exact ? "" : "more than ") +
                                                 format_count(*answer.total) + " shown"
                                           : "There are more") +
                             ": --limit and --offset show others.");
    }
    if (answer.found.empty()) session.output.message("Nothing found.");
    say_left_out(session, answer.quarantined_left_out, answer.is_left_out_exact);
    for (const auto& [word, near] : answer.suggestions)
      session.output.message("\"" + shown(word) + "\" stands nowhere; did you mean \"" + shown(near) + "\"?");
    say_coverage(session, answer.coverage);
    say_meaning(session, arguments, answer);
    return kExitOk;
  });
}

Result<int> find_by_filter(Session& session, const FindArguments& arguments, const std::string& text) {
  const Timestamp now = session.environment.machine.clock.now();
  ATOLL_ASSIGN(const filter::Filter filter, filter::parse(text, now));
  vault::Address within;
  if (!arguments.within.empty()) {
    ATOLL_ASSIGN(within, vault::parse_address(arguments.within));
  }
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    const auto reader = vault.reader();
    std::vector<catalog::BucketRow> buckets;
    if (within.bucket.empty()) {
      ATOLL_ASSIGN(buckets, reader->buckets());
    } else {
      ATOLL_ASSIGN(auto one, vault::Objects(vault).bucket(within.bucket));
      buckets.push_back(std::move(one));
    }
    ATOLL_ASSIGN(auto moment, moment_of(session, vault, arguments.as_of));
    vault::View view(*reader, std::move(moment));
    std::optional<vault::AccessBook> book;
    if (filter.asks_for_accesses()) {
      ATOLL_ASSIGN(book, vault::AccessBook::open(vault));
    }
    // What was there at an earlier moment is judged by nobody.
    ATOLL_ASSIGN(const auto gates, search::Gates::read(*reader));
    std::optional<Finder> finder;
    const bool hides = !arguments.shows_quarantined && arguments.as_of.empty();
    const bool meets_gates =
        hides && std::ranges::any_of(buckets, [&](const auto& bucket) { return gates.of(bucket.id) != nullptr; });
    if (meets_gates) {
      finder.emplace(session, vault);
      ATOLL_TRY(finder->open());
      if (!arguments.waits_not) ATOLL_TRY(finder->catch_up(Finder::Embeds::a_little));
    }
    std::uint64_t left_out = 0;
    std::uint64_t found = 0;
    for (const auto& bucket : buckets) {
      const bool is_gated = meets_gates && gates.of(bucket.id) != nullptr;
      std::string prefix = within.key;
      if (prefix.empty()) prefix = filter.key_prefix();
      ATOLL_TRY(view.scan(bucket.id, prefix, "", [&](const Listed& listed) -> Result<bool> {
        const auto& version = listed.version;
        std::string_view key = listed.entry.key;
        if (key == "./") return true;
        filter::Subject subject = vault::subject_of(key, version, now);
        if (book) ATOLL_TRY(vault::add_accesses(subject, version, *book));
        if (filter.matches(subject)) {
          if (is_gated) {
            ATOLL_ASSIGN(const bool is_held, finder->index().is_quarantined(gates, listed));
            if (is_held) {
              ++left_out;
              return true;
            }
          }
          ++found;
          if (arguments.ends_with_nul) {
            session.output.data(bucket.name + "/" + listed.entry.key + std::string(1, '\0'));
          } else {
            print_object(session, bucket.name, listed, bucket.name + "/" + listed.entry.key, arguments.is_long);
          }
        }
        return !session.output.is_closed() && !session.environment.stop.load() &&
               (arguments.limit == 0 || found < arguments.limit);
      }));
      if (arguments.limit > 0 && found >= arguments.limit) break;
    }
    if (session.output.is_json)
      session.output.json(
          JsonObject("summary").add("found", found).add("filter", filter.text()).add("quarantined_left_out", left_out));
    say_left_out(session, left_out, arguments.limit == 0 || found < arguments.limit);
    if (found == 0) session.output.message("Nothing found. The filter was understood as: " + filter.text());
    return kExitOk;
  });
}

Result<int> find(Session& session, const FindArguments& arguments) {
  const auto line = search::split_line(line_of(arguments.words));
  // Before they are joined, so that columns are those of what was typed.
  const Timestamp now = session.environment.machine.clock.now();
  ATOLL_TRY(search::check_line(line, now));
  if (!arguments.where.empty()) {
    if (const auto where = filter::parse(arguments.where, now); !where) {
      Error error = where.error();
      error.message = "--where: " + error.message;
      return pass(std::move(error));
    }
  }
  const bool is_ranked = !line.words.empty() || !arguments.near.empty() || !arguments.like.empty() ||
                         !arguments.types.empty() || !arguments.facets.empty() || !arguments.since.empty() ||
                         !arguments.until.empty() || !arguments.sort.empty();
  if (!is_ranked) {
    std::string filter = line.filter;
    if (!arguments.where.empty())
      filter = filter.empty() ? arguments.where : "(" + filter + ") (" + arguments.where + ")";
    return find_by_filter(session, arguments, filter);
  }
  if (!arguments.as_of.empty()) {
    return fail(ErrorKind::usage, "search.not_then", "what files said at an earlier time is not indexed",
                "Look for names and facts of then: `atoll find --as-of " + arguments.as_of + " name:*.pdf`.");
  }
  return find_words(session, arguments, line);
}

Result<int> show_preview(Session& session, const std::string& text, bool is_large) {
  ATOLL_ASSIGN(const auto address, vault::parse_address(text));
  if (session.environment.terminal.is_out_terminal()) {
    return fail(ErrorKind::usage, "preview.to_terminal", "a preview is a picture, and the output is a terminal",
                "Send it into a file: atoll preview " + text + " > preview.webp");
  }
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    vault::Objects objects(vault);
    ATOLL_ASSIGN(const auto found, objects.find(address.bucket, address.key));
    Finder finder(session, vault);
    ATOLL_TRY(finder.open());
    ATOLL_ASSIGN(const auto preview, finder.index().preview_of(vault, {found.entry, found.version},
                                                               is_large ? preview::Size::large : preview::Size::small));
    ATOLL_TRY(session.environment.terminal.write_out(preview.picture));
    return kExitOk;
  });
}

}  // namespace

void add_find_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* command = app.add_subcommand("find", "Find objects: by words in them, by name, size, time, tags and metadata");
  auto arguments = std::make_shared<FindArguments>();
  command->add_option("line", arguments->words,
                      "for example: boiler invoice; name:*.jpg size>2MB; \"new pump\" type:pdf");
  command->add_option("--in", arguments->within, "only in BUCKET[/prefix]");
  command->add_option("--type", arguments->types, "only of this kind: pdf, image, document, md (several: any of them)")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--since", arguments->since, "made or happened at that time or later: 2024-03, -30d");
  command->add_option("--until", arguments->until, "made or happened at that time or before: 2024-03");
  command->add_option("--near", arguments->near, "what it is about, in any words: \"a warm place in winter\"");
  command->add_option("--like", arguments->like, "what is like that object: BUCKET/key");
  command
      ->add_option("--near-threshold", arguments->near_threshold,
                   "of what is found by meaning, nothing less near than this: 0.7 (from -1 to 1)")
      ->check(CLI::Range(-1.0, 1.0));
  command->add_flag("--words-only", arguments->takes_words_only, "nothing by meaning, also where the words say little");
  command->add_option("--where", arguments->where, "a filter (spec/filter.md): meta.quality>=0.9 and size>2MB");
  command->add_option("--facet", arguments->facets, "count by type, year, month, day, language, bucket, tag")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--sort", arguments->sort, "rank (else), name, size, date, modified, stored");
  command->add_flag("--descending", arguments->is_descending, "the greatest first, of an order that is not by rank");
  command->add_flag("--explain", arguments->explains, "say what each result's score is made of");
  command->add_flag("--all", arguments->takes_all, "every word must be there");
  command->add_option("--as-of", arguments->as_of, "names and facts of that moment");
  command->add_option("--limit", arguments->limit, "stop after so many; with words 20 where it is not given");
  command->add_option("--offset", arguments->offset, "leave out so many first");
  command->add_flag("-l,--long", arguments->is_long, "with size and time");
  command->add_flag("--snippets", arguments->shows_snippets, "with the piece of text that was found, also into a pipe");
  command->add_flag("-0,--print0", arguments->ends_with_nul, "end each name with a NUL, for xargs -0");
  command->add_flag("--no-wait", arguments->waits_not, "do not look into new files first");
  command->add_flag("--quarantined", arguments->shows_quarantined,
                    "also what does not meet the gate of its bucket (bucket gate)");
  command->callback(
      [&session, &chosen, arguments] { chosen.body = [&session, arguments] { return find(session, *arguments); }; });

  auto* preview = app.add_subcommand("preview", "A small picture of a file, as WebP: BUCKET/key > preview.webp");
  auto source = std::make_shared<std::string>();
  auto is_large = std::make_shared<bool>(false);
  preview->add_option("source", *source, "BUCKET/key")->required();
  preview->add_flag("--large", *is_large, "1024 pixels in place of 256, the longer side");
  preview->callback([&session, &chosen, source, is_large] {
    chosen.body = [&session, source, is_large] { return show_preview(session, *source, *is_large); };
  });
}

}  // namespace atl::cli
