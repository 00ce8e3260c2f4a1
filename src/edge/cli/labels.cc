// Labels on the command line and metadata out of tables.
#include "edge/cli/commands.h"

namespace atl::cli {
namespace {

constexpr std::uint64_t kTableBytesMax = 256ULL * 1024 * 1024;
constexpr std::size_t kLabelBytesMax = 16 * 1024;

tl::unexpected<Error> bad_table(std::size_t line, const std::string& why) {
  return fail(ErrorKind::usage, "table.malformed", "line " + std::to_string(line) + " of the table: " + why,
              "The first line names the columns, the first column is the path below the folder.");
}

// One record from `at` on, RFC 4180: fields with commas, quotes or line ends stand in double quotes.
Result<std::vector<std::string>> next_record(std::string_view text, std::size_t& at, std::size_t& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  bool was_quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n') ++line;
    if (quoted) {
      if (c != '"') {
        fields.back().push_back(c);
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        fields.back().push_back('"');
        ++at;
      } else {
        quoted = false;
        was_quoted = true;
      }
    } else if (c == '"' && fields.back().empty() && !was_quoted) {
      quoted = true;
    } else if (c == ',') {
      fields.emplace_back();
      was_quoted = false;
    } else if (c == '\n') {
      ++at;
      break;
    } else if (c != '\r') {
      if (was_quoted) return bad_table(line, "text follows a closing quote");
      fields.back().push_back(c);
    }
  }
  if (quoted) return bad_table(line, "a quote is not closed");
  return fields;
}

}  // namespace

Result<std::map<std::string, std::string>> parse_labels(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> labels;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return fail(ErrorKind::usage, "label.malformed", "\"" + text.substr(0, 80) + "\" is no label",
                  "Write it as name=value.");
    }
    if (text.size() > kLabelBytesMax) return fail(ErrorKind::limit, "label.too_long", "a label has at most 16 KiB");
    labels[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return labels;
}

Result<std::map<std::string, std::map<std::string, std::string>>> read_metadata_table(Session& session,
                                                                                      const std::string& path) {
  ATOLL_ASSIGN(const Bytes bytes,
               platform::read_whole(session.environment.machine.files, session.absolute(path), kTableBytesMax));
  std::string_view text = as_text(bytes);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // spreadsheets write a byte order mark
  std::size_t at = 0;
  std::size_t line = 1;
  ATOLL_ASSIGN(const auto header, next_record(text, at, line));
  if (header.size() < 2) return bad_table(1, "it names fewer than two columns");
  std::map<std::string, std::map<std::string, std::string>> table;
  while (at < text.size()) {
    const std::size_t record_line = line;
    ATOLL_ASSIGN(const auto record, next_record(text, at, line));
    if (record.size() == 1 && record[0].empty()) continue;
    if (record.size() > header.size()) return bad_table(record_line, "it has more fields than the header");
    if (record[0].empty()) return bad_table(record_line, "its path is empty");
    auto& fields = table[record[0]];
    for (std::size_t i = 1; i < record.size(); ++i) {
      if (!record[i].empty()) fields[header[i]] = record[i];
    }
  }
  return table;
}

}  // namespace atl::cli
