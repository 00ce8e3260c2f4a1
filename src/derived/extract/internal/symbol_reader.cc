// Its protocol: ctags-json-output(5), and `ctags --_interactive` in its manual.
#include "derived/extract/internal/symbol_reader.h"

#include <algorithm>
#include <array>
#include <set>

#include "derived/extract/internal/plain_text.h"
#include "derived/extract/vocabulary.h"
#include "foundation/json/json.h"

namespace atl::extract {
namespace {

constexpr std::size_t kSymbolsMax = 400;              // of one text
constexpr std::size_t kSymbolBytesMax = 200;          // of one name
constexpr std::size_t kAllSymbolBytesMax = 2 * kMiB;  // of one content with all that is inside of it
constexpr std::size_t kMessageBytesMax = 64 * kKiB;
constexpr unsigned kBrokenInARowMax = 3;
constexpr std::string_view kRawName = "Symbols.reader";

// The language is told by the ending of the name that it is given; the name itself is ours.
struct Language {
  std::string_view format;
  std::string_view file_name;
};
constexpr std::array kLanguages{
    Language{"python", "x.py"}, Language{"javascript", "x.js"}, Language{"typescript", "x.ts"},
    Language{"php", "x.php"},   Language{"java", "x.java"},     Language{"c", "x.c"},
    Language{"cpp", "x.cpp"},   Language{"header", "x.cpp"},    Language{"csharp", "x.cs"},
    Language{"go", "x.go"},     Language{"rust", "x.rs"},       Language{"ruby", "x.rb"},
    Language{"perl", "x.pl"},   Language{"lua", "x.lua"},       Language{"r", "x.r"},
    Language{"kotlin", "x.kt"}, Language{"shell", "x.sh"},      Language{"batch", "x.bat"},
};

// What counts, by its words for kinds: what is defined first; then declarations, which of a header are what it is
// there for; then constants and the like, of which there may be thousands. Members, parameters, imports do not.
enum class Rank : std::uint8_t { definition, declaration, constant };
constexpr std::size_t kRanks = 3;
struct Kind {
  std::string_view word;
  Rank rank;
};
constexpr std::array kKinds{
    Kind{"function", Rank::definition},
    Kind{"method", Rank::definition},
    Kind{"class", Rank::definition},
    Kind{"struct", Rank::definition},
    Kind{"union", Rank::definition},
    Kind{"enum", Rank::definition},
    Kind{"interface", Rank::definition},
    Kind{"trait", Rank::definition},
    Kind{"typedef", Rank::definition},
    Kind{"type", Rank::definition},
    Kind{"talias", Rank::definition},
    Kind{"typealias", Rank::definition},
    Kind{"alias", Rank::definition},
    Kind{"concept", Rank::definition},
    Kind{"namespace", Rank::definition},
    Kind{"module", Rank::definition},
    Kind{"package", Rank::definition},
    Kind{"object", Rank::definition},
    Kind{"annotation", Rank::definition},
    Kind{"func", Rank::definition},
    Kind{"methodSpec", Rank::definition},
    Kind{"subroutine", Rank::definition},
    Kind{"singletonMethod", Rank::definition},
    Kind{"accessor", Rank::definition},
    Kind{"getter", Rank::definition},
    Kind{"setter", Rank::definition},
    Kind{"generator", Rank::definition},
    Kind{"functionVar", Rank::definition},
    Kind{"label", Rank::definition},
    Kind{"prototype", Rank::declaration},
    Kind{"macro", Rank::constant},
    Kind{"constant", Rank::constant},
    Kind{"const", Rank::constant},
    Kind{"define", Rank::constant},
    Kind{"enumerator", Rank::constant},
    Kind{"enumConstant", Rank::constant},
    Kind{"variable", Rank::constant},
    Kind{"var", Rank::constant},
    Kind{"globalVar", Rank::constant},
    Kind{"property", Rank::constant},
    Kind{"event", Rank::constant},
};

std::optional<Rank> rank_of(std::string_view word, const Extraction& text) {
  // Python's are methods, those of other languages variables in something.
  if (word == "member") return text.format == "python" ? std::optional(Rank::definition) : std::nullopt;
  const auto* const kind = std::ranges::find(kKinds, word, &Kind::word);
  if (kind == kKinds.end()) return std::nullopt;
  return kind->rank;
}

std::string_view file_name_of(const Extraction& text) {
  const auto* const language = std::ranges::find(kLanguages, text.format, &Language::format);
  if (language == kLanguages.end()) return {};
  return text.format == "header" && value_of(text, field::kCodeLanguage) == "C" ? "x.c" : language->file_name;
}

// What it calls things without a name.
bool is_made_up(std::string_view name) {
  return name.starts_with("__anon") || name.starts_with("AnonymousFunction") || name.starts_with("anonymous");
}

// The last word in quotation marks: of what says something about a name that is its kind.
std::string_view last_quoted(std::string_view line) {
  const std::size_t end = line.rfind('"');
  if (end == std::string_view::npos || end == 0) return {};
  const std::size_t begin = line.rfind('"', end - 1);
  return begin == std::string_view::npos ? std::string_view() : line.substr(begin + 1, end - begin - 1);
}

tl::unexpected<Error> nonsense() {
  return fail(ErrorKind::failed, "sandbox.bad_frame", "universal-ctags answers with nonsense");
}

Result<json::Value> message_of(std::string_view line) {
  json::Limits limits;
  limits.bytes_max = kMessageBytesMax;
  limits.depth_max = 4;
  auto message = json::Value::parse(line, limits);
  if (!message || !message->is_object()) return nonsense();
  return message;
}

std::string reason_of(const Error& error) {
  if (error.id == "sandbox.silent") return "took too long over it";
  if (error.id == "sandbox.died") return "broke down over it";
  return "answered with nonsense";
}

Extraction& text_at(Extraction& extraction, const std::optional<std::size_t>& where) {
  return where ? extraction.members[*where].understood.front() : extraction;
}

}  // namespace

// Each name with the best of what it was called.
struct SymbolReader::Names {
  std::array<std::set<std::string, std::less<>>, kRanks> of_rank;

  [[nodiscard]] bool is_full(Rank rank) const {
    return of_rank.at(static_cast<std::size_t>(rank)).size() >= kSymbolsMax;
  }
  void add(Rank rank, std::string name) { of_rank.at(static_cast<std::size_t>(rank)).insert(std::move(name)); }

  // The best of them, in the order of their letters.
  [[nodiscard]] std::set<std::string, std::less<>> best() const {
    std::set<std::string, std::less<>> out;
    for (const auto& names : of_rank) {
      for (const std::string& name : names) {
        if (out.size() < kSymbolsMax) out.insert(name);
      }
    }
    return out;
  }
};

Result<void> SymbolReader::start() {
  if (program_) return {};
  sandbox::AnswerLimits limits;
  limits.waiting_ms_max = options_->waiting_ms_max;
  auto program = sandbox::Program::start(*machine_, options_->worker_command, limits, stop_);
  if (!program) return pass(program.error());
  // It begins with who it is: another program of that name says something else, or nothing.
  (*program)->begin_answer();
  ATOLL_ASSIGN(const std::string_view line, (*program)->read_line());
  ATOLL_ASSIGN(const json::Value message, message_of(line));
  if (message.text_of("_type").value_or("") != "program" || message.text_of("name").value_or("") != "Universal Ctags")
    return nonsense();
  version_ = to_line(message.text_of("version").value_or(""), 40);
  program_ = std::move(*program);
  return {};
}

Result<void> SymbolReader::hand_over(const Extraction& text) {
  const std::string& words = text.pieces.front().text;
  json::Value wish;
  wish.set("command", "generate-tags").set("filename", file_name_of(text)).set("size", std::uint64_t{words.size()});
  program_->begin_answer();
  ATOLL_TRY(program_->write(as_bytes(wish.text() + "\n")));
  return program_->write(as_bytes(words));
}

Result<SymbolReader::Names> SymbolReader::answer_about(const Extraction& text) {
  Names names;
  const bool takes_declarations = text.format == "header";
  for (;;) {
    ATOLL_ASSIGN(const std::string_view line, program_->read_line());
    // A look is enough for most of those that do not count: there may be a hundred thousand of them.
    const auto guessed = rank_of(last_quoted(line), text);
    if (guessed && (names.is_full(*guessed) || (*guessed == Rank::declaration && !takes_declarations))) continue;
    ATOLL_ASSIGN(const json::Value message, message_of(line));
    const std::string type = message.text_of("_type").value_or("");
    if (type == "completed") return names;
    // A language that its build does not know: no names, and nothing worse.
    if (type == "error") continue;
    if (type != "tag") return nonsense();
    const auto rank = rank_of(message.text_of("kind").value_or(""), text);
    if (!rank || (*rank == Rank::declaration && !takes_declarations) || names.is_full(*rank)) continue;
    const auto name = message.text_of("name");
    if (!name || name->empty()) return nonsense();
    if (name->size() > kSymbolBytesMax || is_made_up(*name)) continue;
    std::string line_of_text = to_line(*name);
    if (!line_of_text.empty()) names.add(*rank, std::move(line_of_text));
  }
}

Result<void> SymbolReader::note_broken(Extraction& text, const Error& error) {
  program_.reset();
  if (error.kind == ErrorKind::interrupted) return pass(error);
  is_given_up_ = ++broken_in_a_row_ >= kBrokenInARowMax;
  text.raw.push_back({std::string(kRawName), "lines; universal-ctags " + reason_of(error)});
  return {};
}

Result<bool> SymbolReader::begin(const Extraction& extraction) {
  texts_.clear();
  if (is_given_up_) return false;
  const auto is_text = [&](const Extraction& one) {
    return one.pieces.size() == 1 && one.pieces.front().text.size() <= options_->text_bytes_max &&
           !file_name_of(one).empty();
  };
  if (is_text(extraction)) texts_.emplace_back();
  for (std::size_t i = 0; i < extraction.members.size(); ++i) {
    const Member& member = extraction.members[i];
    if (!member.understood.empty() && is_text(member.understood.front())) texts_.emplace_back(i);
  }
  if (texts_.empty()) return false;
  if (!was_looked_for_) {
    was_looked_for_ = true;
    is_given_up_ = !has_symbol_program(*machine_, *options_);
    if (is_given_up_) return false;
  }
  if (const auto started = start(); !started) {
    // Not of this kind, or not to be had here.
    program_.reset();
    if (started.error().kind == ErrorKind::interrupted) return pass(started.error());
    is_given_up_ = true;
    return false;
  }
  const auto& first = texts_.front();
  handed_over_ = hand_over(first ? extraction.members[*first].understood.front() : extraction);
  return true;
}

Result<void> SymbolReader::finish(Extraction& extraction) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    Extraction& text = text_at(extraction, texts_[i]);
    if (is_given_up_) return {};
    if (i > 0) {
      if (const auto started = start(); !started) {
        program_.reset();
        if (started.error().kind == ErrorKind::interrupted) return pass(started.error());
        is_given_up_ = true;
        return {};
      }
      handed_over_ = hand_over(text);
    }
    if (!handed_over_) {
      ATOLL_TRY(note_broken(text, handed_over_.error()));
      continue;
    }
    const auto names = answer_about(text);
    if (!names) {
      ATOLL_TRY(note_broken(text, names.error()));
      continue;
    }
    broken_in_a_row_ = 0;
    const auto best = names->best();
    if (best.empty()) continue;  // it knows less than the lines say
    for (const std::string& name : best) bytes += name.size();
    if (bytes > kAllSymbolBytesMax) return {};
    std::erase_if(text.fields, [](const Field& one) { return one.name == field::kSymbol; });
    for (const std::string& name : best) text.fields.push_back({std::string(field::kSymbol), name});
    text.raw.push_back({std::string(kRawName), "universal-ctags " + version_});
  }
  return {};
}

bool has_symbol_program(const platform::Machine& machine, const SymbolOptions& options) {
  return std::ranges::any_of(options.programs, [&](const std::string& path) {
    const auto info = machine.files.stat(path);
    return info && info->has_value();
  });
}

int run_symbols_worker() {
  sandbox::ProgramToRun program;
  program.paths = SymbolOptions{}.programs;
  // No options from anywhere else; of each name what it is and nothing more; declarations of C, and no members.
  program.arguments = {"--options=NONE", "--_interactive=sandbox", "--fields=NK", "--kinds-C=+p-m", "--kinds-C++=+p-m"};
  return sandbox::become(program);
}

}  // namespace atl::extract
