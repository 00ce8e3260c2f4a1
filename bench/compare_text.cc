// The word index beside SQLite FTS5, Xapian and PostgreSQL: the same texts, the same questions, in one run.
//   bench_compare_text --folder FOLDER [--documents 250000] [--queries 2000] [--rounds 3] [--text FILE] [--engines a,b]
//                      [--postgres FOLDER, where the socket of a running cluster lies]
// Texts are lines of FILE, or made: words by Zipf's law, the same in every run. Questions are two or three words that
// stand together in some text, very frequent ones left out. Times are processor time: the machine may have other work.
// Of PostgreSQL it is that of the process that serves this one, and of this one's side of the socket.
#ifdef ATOLL_BENCH_POSTGRES
#include <libpq-fe.h>
#endif
#include <sqlite3.h>
#include <xapian.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "derived/text/text_index.h"
#include "foundation/platform/posix_machine.h"

namespace {

double seconds_of(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

class Random {  // SplitMix64
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t x = state_ += 0x9E37'79B9'7F4A'7C15;
    x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
    x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EB;
    return x ^ (x >> 31);
  }
  double fraction() { return static_cast<double>(next() >> 11) / 9007199254740992.0; }
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

 private:
  std::uint64_t state_;
};

// Frequent words are short: the number in letters.
std::string word_of(std::uint64_t rank) {
  std::string word;
  for (std::uint64_t rest = rank + 1; rest > 0; rest /= 13) {
    word.push_back("etaoinsrhldcu"[rest % 13]);
    if (rest > 13) word.push_back("aeiou"[rest % 5]);
  }
  return word;
}

std::vector<std::string> make_texts(std::size_t count) {
  // Zipf-Mandelbrot over 300,000 words, as in running text.
  std::vector<double> sums;
  double sum = 0;
  for (int rank = 0; rank < 300'000; ++rank) sums.push_back(sum += 1 / std::pow(rank + 2.7, 1.05));
  Random random(1);
  std::vector<std::string> texts(count);
  for (std::string& text : texts) {
    const std::uint64_t words = 10 + random.below(30) + (random.below(4) == 0 ? random.below(160) : 0);
    for (std::uint64_t i = 0; i < words; ++i) {
      const auto at = std::ranges::lower_bound(sums, random.fraction() * sum);
      if (i > 0) text += i % 12 == 0 ? ". " : " ";
      text += word_of(static_cast<std::uint64_t>(at - sums.begin()));
    }
  }
  return texts;
}

std::vector<std::string> read_texts(const std::string& path, std::size_t count) {
  std::ifstream in(path);
  std::vector<std::string> texts;
  for (std::string line; texts.size() < count && std::getline(in, line);) {
    if (line.size() > 40) texts.push_back(line);
  }
  return texts;
}

std::vector<std::string> words_in(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text + " ") {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      word.push_back(static_cast<char>(c | 0x20));
    } else if (!word.empty()) {
      if (word.size() > 1) words.push_back(word);
      word.clear();
    }
  }
  return words;
}

using Question = std::vector<std::string>;
std::vector<Question> make_questions(const std::vector<std::string>& texts, std::size_t count) {
  std::unordered_map<std::string, std::size_t> texts_with;
  for (const std::string& text : texts) {
    auto words = words_in(text);
    std::ranges::sort(words);
    const auto repeated = std::ranges::unique(words);
    words.erase(repeated.begin(), repeated.end());
    for (const std::string& word : words) ++texts_with[word];
  }
  Random random(2);
  std::vector<Question> questions;
  while (questions.size() < count) {
    const auto words = words_in(texts[random.below(texts.size())]);
    if (words.empty()) continue;
    Question question;
    const std::size_t wanted = 2 + random.below(2);
    for (int tries = 0; tries < 40 && question.size() < wanted; ++tries) {
      const std::string& word = words[random.below(words.size())];
      const std::size_t having = texts_with[word];
      if (having * 5 > texts.size() || having < 3 || std::ranges::find(question, word) != question.end()) continue;
      question.push_back(word);
    }
    if (question.size() == wanted) questions.push_back(question);
  }
  return questions;
}

struct Engine {
  std::string name;
  std::function<void(const std::string& folder, const std::vector<std::string>& texts)> build;
  std::function<std::size_t(const Question& question, bool all)> ask;  // number of hits, at most 10
  std::function<void()> close;
  // Where others than the files of its folder are its size, in bytes.
  std::function<std::uintmax_t()> size = {};
  // Where another process works for it: that one's clock.
  std::function<clockid_t()> clock = {};
};

std::uintmax_t size_of(const std::string& folder) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

template <class T>
T need(atl::Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s: %s\n", result.error().id.c_str(), result.error().message.c_str());
    std::exit(1);
  }
  return std::move(*result);
}
void need(const atl::Result<void>& result) {
  if (!result) {
    std::fprintf(stderr, "%s: %s\n", result.error().id.c_str(), result.error().message.c_str());
    std::exit(1);
  }
}

Engine atoll_engine(atl::platform::PosixMachine& machine, bool sealed, bool merged) {
  auto index = std::make_shared<std::unique_ptr<atl::text::TextIndex>>();
  Engine engine;
  engine.name = std::string("Atoll, ") + (sealed ? "sealed" : "unsealed") + (merged ? ", one segment" : "");
  engine.build = [=, &machine](const std::string& folder, const std::vector<std::string>& texts) {
    atl::text::Options options;
    options.cache_bytes_max = 256 * atl::kMiB;
    options.suite = sealed ? atl::codec::SealSuite::aes256gcm : atl::codec::SealSuite::none;
    *index = need(atl::text::TextIndex::open(machine.machine(), folder, atl::codec::SecretKey(), atl::VaultId(),
                                             {{"body", atl::text::FieldKind::text}}, options, true));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      atl::text::Document document;
      document.id = i;
      document.texts.push_back({0, texts[i], atl::text::Language::none});
      need((*index)->add(document));
    }
    need((*index)->flush({}));
    if (merged) need((*index)->merge_all());
  };
  engine.ask = [=](const Question& question, bool all) {
    atl::text::SearchRequest request;
    request.query.kind = atl::text::Query::Kind::boolean;
    for (const std::string& text : question) {
      atl::text::Query word;
      word.kind = atl::text::Query::Kind::word;
      word.text = text;
      (all ? request.query.must : request.query.should).push_back(std::move(word));
    }
    return need((*index)->search(request)).hits.size();
  };
  engine.close = [=] { index->reset(); };
  return engine;
}

Engine sqlite_engine() {
  auto database = std::make_shared<sqlite3*>(nullptr);
  const auto run = [=](const char* sql) {
    if (sqlite3_exec(*database, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
      std::fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(*database));
      std::exit(1);
    }
  };
  Engine engine;
  engine.name = "SQLite FTS5, contentless";
  engine.build = [=](const std::string& folder, const std::vector<std::string>& texts) {
    sqlite3_open((folder + "/fts.sqlite").c_str(), database.get());
    run("PRAGMA cache_size=-262144");
    run("CREATE VIRTUAL TABLE words USING fts5(body, content='')");
    run("BEGIN");
    sqlite3_stmt* insert = nullptr;
    sqlite3_prepare_v2(*database, "INSERT INTO words(rowid, body) VALUES(?, ?)", -1, &insert, nullptr);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      sqlite3_bind_int64(insert, 1, static_cast<sqlite3_int64>(i));
      sqlite3_bind_text(insert, 2, texts[i].data(), static_cast<int>(texts[i].size()), SQLITE_STATIC);
      sqlite3_step(insert);
      sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    run("COMMIT");
  };
  engine.ask = [=](const Question& question, bool all) {
    std::string match;
    for (const std::string& word : question)
      match += (match.empty() ? "" : (all ? " AND " : " OR ")) + ("\"" + word + "\"");
    sqlite3_stmt* select = nullptr;
    sqlite3_prepare_v2(*database, "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT 10", -1, &select,
                       nullptr);
    sqlite3_bind_text(select, 1, match.data(), static_cast<int>(match.size()), SQLITE_STATIC);
    std::size_t hits = 0;
    while (sqlite3_step(select) == SQLITE_ROW) ++hits;
    sqlite3_finalize(select);
    return hits;
  };
  engine.close = [=] { sqlite3_close(*database); };
  return engine;
}

Engine xapian_engine(bool positions) {
  auto database = std::make_shared<std::unique_ptr<Xapian::Database>>();
  Engine engine;
  engine.name = positions ? "Xapian, positions" : "Xapian, no positions";
  engine.build = [=](const std::string& folder, const std::vector<std::string>& texts) {
    Xapian::WritableDatabase writable(folder + "/xapian", Xapian::DB_CREATE_OR_OVERWRITE);
    Xapian::TermGenerator generator;
    for (const std::string& text : texts) {
      Xapian::Document document;
      generator.set_document(document);
      if (positions) {
        generator.index_text(text);
      } else {
        generator.index_text_without_positions(text);
      }
      writable.add_document(document);
    }
    writable.commit();
    *database = std::make_unique<Xapian::Database>(folder + "/xapian");
  };
  engine.ask = [=](const Question& question, bool all) -> std::size_t {
    Xapian::Enquire enquire(**database);
    enquire.set_query(
        Xapian::Query(all ? Xapian::Query::OP_AND : Xapian::Query::OP_OR, question.begin(), question.end()));
    return enquire.get_mset(0, 10).size();
  };
  engine.close = [=] { database->reset(); };
  return engine;
}

#ifdef ATOLL_BENCH_POSTGRES
// A table of vectors of words with their positions, and the inverted index (GIN) over it; settings as they come.
Engine postgres_engine(const std::string& socket_folder) {
  using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;
  const std::string address = "host=" + socket_folder + " dbname=postgres user=bench";
  const std::shared_ptr<PGconn> connection(PQconnectdb(address.c_str()), PQfinish);
  const auto check = [=](PGresult* result, ExecStatusType wanted) {
    Answer answer(result, PQclear);
    if (PQresultStatus(answer.get()) == wanted) return answer;
    std::fprintf(stderr, "PostgreSQL: %s\n", PQerrorMessage(connection.get()));
    std::exit(1);
  };
  const auto run = [=](const char* sql) { (void)check(PQexec(connection.get(), sql), PGRES_COMMAND_OK); };
  const auto number = [=](const char* sql) {
    return std::stoull(PQgetvalue(check(PQexec(connection.get(), sql), PGRES_TUPLES_OK).get(), 0, 0));
  };
  Engine engine;
  engine.name = "PostgreSQL, positions";
  engine.build = [=](const std::string&, const std::vector<std::string>& texts) {
    run("CREATE TEMP TABLE lines(id integer, body text)");
    (void)check(PQexec(connection.get(), "COPY lines FROM STDIN"), PGRES_COPY_IN);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      std::string line = std::to_string(i) + "\t";
      for (const char c : texts[i]) {
        if (c == '\\') line += '\\';
        line += c == '\t' || c == '\r' ? ' ' : c;
      }
      line += '\n';
      if (PQputCopyData(connection.get(), line.data(), static_cast<int>(line.size())) != 1) std::exit(1);
    }
    if (PQputCopyEnd(connection.get(), nullptr) != 1) std::exit(1);
    (void)check(PQgetResult(connection.get()), PGRES_COMMAND_OK);
    while (PGresult* const more = PQgetResult(connection.get())) PQclear(more);
    run("CREATE TABLE texts(id integer, words tsvector)");
    run("INSERT INTO texts SELECT id, to_tsvector('simple', body) FROM lines");
    run("CREATE INDEX ON texts USING gin(words)");
    run("DROP TABLE lines");
    run("VACUUM ANALYZE texts");
    (void)check(PQprepare(connection.get(), "ask",
                          "SELECT id FROM texts, to_tsquery('simple', $1) AS query WHERE words @@ query "
                          "ORDER BY ts_rank(words, query) DESC LIMIT 10",
                          1, nullptr),
                PGRES_COMMAND_OK);
  };
  engine.ask = [=](const Question& question, bool all) {
    std::string query;
    for (const std::string& word : question) query += (query.empty() ? "" : (all ? " & " : " | ")) + word;
    const char* const value = query.c_str();
    const auto answer = check(PQexecPrepared(connection.get(), "ask", 1, &value, nullptr, nullptr, 0), PGRES_TUPLES_OK);
    return static_cast<std::size_t>(PQntuples(answer.get()));
  };
  engine.close = [] {};
  engine.size = [=] { return number("SELECT pg_total_relation_size('texts')"); };
  engine.clock = [=] {
    clockid_t clock{};
    if (clock_getcpuclockid(static_cast<pid_t>(number("SELECT pg_backend_pid()")), &clock) != 0) std::exit(1);
    return clock;
  };
  return engine;
}
#endif

double at(std::vector<double> values, double part) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder;
  std::string file;
  std::string only;
  std::string postgres;
  std::size_t documents = 250'000;
  std::size_t queries = 2000;
  int rounds = 3;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--folder") folder = value;
    if (name == "--text") file = value;
    if (name == "--engines") only = value;
    if (name == "--postgres") postgres = value;
    if (name == "--documents") documents = std::stoul(value);
    if (name == "--queries") queries = std::stoul(value);
    if (name == "--rounds") rounds = std::stoi(value);
  }
  if (folder.empty()) {
    std::fprintf(stderr, "usage: %s --folder FOLDER [--documents N] [--queries N] [--rounds N] [--text FILE]\n",
                 argv[0]);
    return 2;
  }
  const auto texts = file.empty() ? make_texts(documents) : read_texts(file, documents);
  const auto questions = make_questions(texts, queries);
  std::size_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size();
  std::printf("%zu texts, %.1f MB, %zu questions; processor time\n", texts.size(), static_cast<double>(bytes) / 1e6,
              questions.size());

  atl::platform::PosixMachine machine;
  std::vector<Engine> engines{atoll_engine(machine, true, false),
                              atoll_engine(machine, true, true),
                              atoll_engine(machine, false, true),
                              sqlite_engine(),
                              xapian_engine(false),
                              xapian_engine(true)};
#ifdef ATOLL_BENCH_POSTGRES
  if (!postgres.empty()) engines.push_back(postgres_engine(postgres));
#endif
  if (!only.empty()) {
    std::erase_if(engines, [&](const Engine& engine) { return engine.name.find(only) == std::string::npos; });
  }
  std::printf("%-30s %12s %9s %9s\n", "", "documents/s", "MB/s", "size MB");
  for (std::size_t i = 0; i < engines.size(); ++i) {
    const std::string its = folder + "/" + std::to_string(i);
    std::filesystem::create_directories(its);
    const auto worked = [&, clock = engines[i].clock ? std::optional(engines[i].clock()) : std::nullopt] {
      return seconds_of(CLOCK_PROCESS_CPUTIME_ID) + (clock ? seconds_of(*clock) : 0);
    };
    const double begin = worked();
    engines[i].build(its, texts);
    const double seconds = worked() - begin;
    std::printf("%-30s %12.0f %9.1f %9.1f\n", engines[i].name.c_str(), static_cast<double>(texts.size()) / seconds,
                static_cast<double>(bytes) / 1e6 / seconds,
                static_cast<double>(engines[i].size ? engines[i].size() : size_of(its)) / 1e6);
    std::fflush(stdout);
  }
  // Engines take turns, so that what else the machine does falls on all of them.
  std::printf("%-30s %36s %36s\n", "", "all words: p50/p99 us, per s", "any word: p50/p99 us, per s");
  std::vector<std::vector<std::vector<double>>> times(engines.size(), std::vector<std::vector<double>>(2));
  std::vector<std::vector<std::size_t>> hits(engines.size(), std::vector<std::size_t>(2));
  for (int round = 0; round <= rounds; ++round) {  // the first one warms up
    for (std::size_t i = 0; i < engines.size(); ++i) {
      const auto clock = engines[i].clock ? std::optional(engines[i].clock()) : std::nullopt;
      const auto worked = [&] { return seconds_of(CLOCK_THREAD_CPUTIME_ID) + (clock ? seconds_of(*clock) : 0); };
      for (std::size_t all = 0; all < 2; ++all) {
        for (const Question& question : questions) {
          const double before = worked();
          const std::size_t found = engines[i].ask(question, all == 0);
          const double after = worked();
          if (round == 0) {
            hits[i][all] += found;
            continue;
          }
          times[i][all].push_back((after - before) * 1e6);
        }
      }
    }
  }
  for (std::size_t i = 0; i < engines.size(); ++i) {
    std::printf("%-30s", engines[i].name.c_str());
    for (std::size_t all = 0; all < 2; ++all) {
      double sum = 0;
      for (const double time : times[i][all]) sum += time;
      std::printf("  %8.0f / %8.0f  %8.0f (%zu)", at(times[i][all], 0.5), at(times[i][all], 0.99),
                  static_cast<double>(times[i][all].size()) / sum * 1e6, hits[i][all]);
    }
    std::printf("\n");
  }
  for (const Engine& engine : engines) engine.close();
  return 0;
}
