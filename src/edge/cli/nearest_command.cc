// nearest: of the vectors that were put into a bucket, those that are near to one (docs/own-vectors.md).
#include <CLI/CLI.hpp>

#include <optional>

#include "derived/vector/npy.h"
#include "edge/cli/commands.h"
#include "edge/cli/finder.h"
#include "edge/cli/listing.h"
#include "foundation/base/units.h"
#include "vault/object/gate.h"

namespace atl::cli {
namespace {

constexpr std::size_t kQuestionBytesMax = 256 * 1024;

struct NearestArguments {
  std::string place, question, metric, where;
  std::optional<double> threshold;
  std::uint64_t limit = 10;
  bool is_exact = false, shows_quarantined = false;
};

Result<std::vector<float>> read_question(const Session& session) {
  Bytes file;
  Bytes piece(64 * 1024);
  for (;;) {
    ATOLL_ASSIGN(const std::size_t count, session.environment.terminal.read_in(piece));
    if (count == 0) break;
    file.insert(file.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
    if (file.size() > kQuestionBytesMax)
      return fail(ErrorKind::limit, "vectors.long_question", "one vector is asked for, and more than that came in");
  }
  ATOLL_ASSIGN(auto rows, vector::parse_npy(file));
  if (rows.rows() == 1) return std::move(rows.numbers);
  return fail(ErrorKind::usage, "vectors.one_question", "one vector is asked for, not " + std::to_string(rows.rows()),
              "Save a row of the matrix alone.");
}

Result<int> nearest(Session& session, const NearestArguments& arguments) {
  search::VectorQuestion question;
  ATOLL_ASSIGN(const auto place, vault::parse_address(arguments.place));
  question.bucket = place.bucket;
  question.prefix = place.key;
  ATOLL_ASSIGN(question.metric, search::metric_named(arguments.metric));
  question.filter = arguments.where;
  question.limit = arguments.limit;
  question.compares_all = arguments.is_exact;
  question.shows_quarantined = arguments.shows_quarantined;
  question.stop = &session.environment.stop;
  if (arguments.threshold) question.threshold = static_cast<float>(*arguments.threshold);
  ATOLL_ASSIGN(question.vector, read_question(session));
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    // A server has graphs, and has opened already what was asked for before.
    const auto* const served = session.environment.served;
    const search::SearchIndex* index = served == nullptr ? nullptr : served->search();
    Finder finder(session, vault);
    ATOLL_ASSIGN(const std::string gate, vault::gate_of(*vault.reader(), question.bucket));
    if (!gate.empty() && !question.shows_quarantined) {
      ATOLL_TRY(finder.open());
      ATOLL_TRY(finder.catch_up(Finder::Embeds::a_little));
      index = &finder.index();
    }
    search::OwnVectors own;
    ATOLL_ASSIGN(const auto answer,
                 index != nullptr ? index->nearest_vectors(vault, question) : own.search(vault, question));
    for (const auto& hit : answer.hits) {
      const std::string name = question.bucket + "/" + hit.listed.entry.key;
      if (session.output.is_json) {
        JsonObject payload;
        for (const auto& [key, value] : hit.payload) payload.add(key, value);
        JsonObject line = json_of(question.bucket, hit.listed);
        line.add("score", hit.score).add_raw("payload", payload.text());
        if (hit.row) line.add("row", *hit.row);
        session.output.json(line);
        continue;
      }
      std::string words =
          shown(name) + (hit.row ? " row " + std::to_string(*hit.row) : "") + "   " + std::to_string(hit.score);
      for (const auto& [key, value] : hit.payload) words += "   " + shown(key) + "=" + shown(value);
      session.output.line(words);
    }
    if (session.output.is_json) {
      session.output.json(JsonObject("summary")
                              .add("found", static_cast<std::uint64_t>(answer.hits.size()))
                              .add("vectors", answer.vectors)
                              .add("exact", answer.is_exact)
                              .add("quarantined_left_out", answer.quarantined_left_out)
                              .add("skipped", answer.skipped));
    } else if (answer.hits.empty()) {
      session.output.message("Nothing near, of " + format_count(answer.vectors) + " vectors.");
    }
    if (answer.quarantined_left_out > 0) {
      session.output.message(format_count(answer.quarantined_left_out) +
                             " with vectors in quarantine not compared: --quarantined compares them, too.");
    }
    if (answer.skipped > 0) {
      session.output.warning(
          "vectors.skipped",
          format_count(answer.skipped) + " objects hold vectors of another dimension, or none that can be read");
    }
    return kExitOk;
  });
}

}  // namespace

void add_nearest_command(CLI::App& app, Session& session, Chosen& chosen) {
  auto* command = app.add_subcommand("nearest", "Find the nearest of your own vectors to the one on standard input");
  auto arguments = std::make_shared<NearestArguments>();
  command->add_option("place", arguments->place, "BUCKET[/prefix] with .npy files, as numpy.save writes them")
      ->required();
  // Said with a word of its own, so that a server elsewhere knows that input comes.
  command->add_option("question", arguments->question, "-: one vector on standard input, as numpy.save writes it")
      ->required()
      ->check(CLI::IsMember({"-"}));
  command->add_option("--metric", arguments->metric, "cosine (else), dot, l2");
  command->add_option("--threshold", arguments->threshold,
                      "nothing further: a least similarity, for l2 a greatest distance");
  command->add_option("--where", arguments->where, "a filter (spec/filter.md); meta. is the payload: meta.year>=2020");
  command->add_option("--limit", arguments->limit, "at most so many; 10 where it is not given")
      ->check(CLI::Range(std::uint64_t{0}, search::kOwnLimitMax));
  command->add_flag("--exact", arguments->is_exact, "compare every vector, however many there are");
  command->add_flag("--quarantined", arguments->shows_quarantined,
                    "also what does not meet the gate of the bucket (bucket gate)");
  command->callback(
      [&session, &chosen, arguments] { chosen.body = [&session, arguments] { return nearest(session, *arguments); }; });
}

}  // namespace atl::cli
