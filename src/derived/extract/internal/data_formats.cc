// JSON, YAML, TOML and settings: the paths of their values beside their text. And the headers of arrays and weights.
#include <algorithm>
#include <charconv>

#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"
#include "derived/extract/internal/table_listing.h"
#include "foundation/json/json.h"

namespace atl::extract {
namespace {

constexpr std::size_t kKeysMax = 400;
constexpr std::size_t kJsonBytesMax = 64U << 20U;
constexpr std::size_t kHeaderBytesMax = 16U << 20U;

// Paths of values, "server.port"; members of lists are not told apart.
class Keys {
 public:
  explicit Keys(Findings& out) : out_(&out) {}
  void add(const std::string& path) {
    if (path.empty() || count_ >= kKeysMax) return;
    ++count_;
    out_->field(field::kKey, path);
  }
  void walk(const json::Value& value, const std::string& path) {
    if (count_ >= kKeysMax) return;
    if (const json::Members* const members = value.as_members()) {
      for (const auto& [name, inner] : *members) {
        const std::string below = path.empty() ? name : path + "." + name;
        if (inner.as_members() == nullptr && inner.as_array() == nullptr) add(below);
        walk(inner, below);
      }
    } else if (const json::Array* const array = value.as_array()) {
      for (const json::Value& inner : *array) {
        if (inner.as_members() == nullptr && inner.as_array() == nullptr) add(path);
        walk(inner, path);
        if (count_ >= kKeysMax) return;
      }
    }
  }

 private:
  Findings* out_;
  std::size_t count_ = 0;
};

void take_titles(Findings& out, const json::Value& value) {
  const auto take = [&](std::string_view member, std::string_view name) {
    const json::Value* const found = value.find(member);
    if (found != nullptr && found->as_text() != nullptr) out.field(name, *found->as_text());
  };
  take("title", field::kTitle);
  take("name", field::kTitle);
  take("description", field::kDescription);
  take("author", field::kCreator);
}

std::string text_of_source(const json::Value* source) {
  std::string out;
  if (source == nullptr) return out;
  if (source->as_text() != nullptr) return *source->as_text();
  if (source->as_array() != nullptr) {
    for (const json::Value& line : *source->as_array())
      if (line.as_text() != nullptr) out += *line.as_text();
  }
  return out;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::uint64_t integer_at(std::string_view digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::string_view without_quotes(std::string_view text) {
  text = trim(text);
  if (text.size() > 1 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front())
    return text.substr(1, text.size() - 2);
  return text;
}

// '<f8' as the header has it: byte order, kind, bytes.
std::string numpy_type(std::string_view word) {
  if (word.size() < 3) return "record";
  const std::string bits = std::to_string(integer_at(word.substr(2)) * 8);
  switch (word[1]) {
    case 'f': return "float" + bits;
    case 'i': return "int" + bits;
    case 'u': return "uint" + bits;
    case 'c': return "complex" + bits;
    case 'b': return "bool";
    case 'S':
    case 'U': return "text";
    case 'M':
    case 'm': return "time";
    case 'O': return "object";
    default: return "bytes";
  }
}

// {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
void take_numpy_array(Findings& out, std::string_view header) {
  const std::size_t type_at = header.find("'descr':");
  const std::size_t shape_at = header.find("'shape':");
  if (type_at == std::string_view::npos || shape_at == std::string_view::npos) return;
  const std::string_view type = trim(header.substr(type_at + 8));
  std::vector<std::uint64_t> sides;
  std::string_view shape = header.substr(shape_at + 8);
  shape = shape.substr(0, shape.find(')'));
  constexpr std::string_view kDigits = "0123456789";
  for (std::size_t at = 0; (at = shape.find_first_of(kDigits, at)) != std::string_view::npos && sides.size() < 32;) {
    sides.push_back(integer_at(shape.substr(at)));
    at = std::min(shape.find_first_not_of(kDigits, at), shape.size());
  }
  TableListing(out).array("", type.starts_with('\'') ? numpy_type(type.substr(1, type.find('\'', 1) - 1)) : "record",
                          sides);
}

}  // namespace

Result<void> read_json(Job& job) {
  ATOLL_ASSIGN(const std::string text, read_as_text(job));
  job.out.text(text);
  if (job.out.extraction().is_truncated) return {};
  const auto value = json::Value::parse(text, {.bytes_max = kJsonBytesMax, .depth_max = 100});
  if (!value) return pass(value.error());
  take_titles(job.out, *value);
  Keys(job.out).walk(*value, "");
  if (value->as_array() != nullptr) job.out.number(field::kRowCount, value->as_array()->size());
  return {};
}

Result<void> read_json_lines(Job& job) {
  ATOLL_ASSIGN(const std::string text, read_as_text(job));
  job.out.text(text);
  std::string_view left = text;
  std::uint64_t rows = 0;
  Keys keys(job.out);
  while (!left.empty()) {
    const std::string_view line = trim(take_line(left));
    if (line.empty()) continue;
    if (++rows > 20) continue;  // the first ones tell the shape
    if (const auto value = json::Value::parse(line)) keys.walk(*value, "");
  }
  if (!job.out.extraction().is_truncated) job.out.number(field::kRowCount, rows);
  return {};
}

Result<void> read_notebook(Job& job) {
  ATOLL_ASSIGN(const Bytes bytes,
               job.input.whole(std::min<std::uint64_t>(job.tools.limits.whole_bytes_max, kJsonBytesMax)));
  ATOLL_ASSIGN(const json::Value value,
               json::Value::parse(guess_utf8(as_text(bytes)), {.bytes_max = kJsonBytesMax, .depth_max = 100}));
  if (const json::Value* const metadata = value.find("metadata")) {
    take_titles(job.out, *metadata);
    if (const json::Value* const kernel = metadata->find("kernelspec")) {
      const json::Value* const language = kernel->find("language");
      if (language != nullptr && language->as_text() != nullptr)
        job.out.field(field::kCodeLanguage, *language->as_text());
    }
  }
  const json::Value* const cells = value.find("cells");
  if (cells == nullptr || cells->as_array() == nullptr) return {};
  for (const json::Value& cell : *cells->as_array()) {
    const std::string source = text_of_source(cell.find("source"));
    if (source.starts_with("# ") && !job.out.has_field(field::kTitle))
      job.out.field(field::kTitle, std::string_view(source).substr(2, source.find('\n') - 2));
    if (!job.out.text(source)) break;
    const json::Value* const outputs = cell.find("outputs");
    if (outputs == nullptr || outputs->as_array() == nullptr) continue;
    for (const json::Value& output : *outputs->as_array()) job.out.text(text_of_source(output.find("text")));
  }
  return {};
}

// Block mappings (YAML 1.2, 8.2.2) by their indentation; flow collections and anchors count as values.
Result<void> read_yaml(Job& job) {
  ATOLL_ASSIGN(const std::string text, read_as_text(job));
  job.out.text(text);
  struct Level {
    std::size_t indent;
    std::string path;
  };
  std::vector<Level> levels;
  Keys keys(job.out);
  std::string_view left = text;
  std::size_t block_indent = std::string_view::npos;  // of the key whose value is a block of text
  while (!left.empty()) {
    std::string_view line = take_line(left);
    std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    if (trim(line).empty() || line.substr(indent).starts_with('#') || line.starts_with("---")) continue;
    if (block_indent != std::string_view::npos && indent > block_indent) continue;
    block_indent = std::string_view::npos;
    while (line.substr(indent).starts_with("- ")) indent += 2;
    const std::string_view rest = line.substr(indent);
    std::size_t colon = rest.find(": ");
    if (colon == std::string_view::npos && trim(rest).ends_with(':')) colon = trim(rest).size() - 1;
    if (colon == std::string_view::npos || colon > 200) continue;
    while (!levels.empty() && levels.back().indent >= indent) levels.pop_back();
    const std::string name(without_quotes(rest.substr(0, colon)));
    const std::string path = levels.empty() ? name : levels.back().path + "." + name;
    const std::string_view value = trim(rest.substr(std::min(colon + 1, rest.size())));
    if (value.empty()) {
      if (levels.size() < 50) levels.push_back({indent, path});
      continue;
    }
    if (value.starts_with('|') || value.starts_with('>')) block_indent = indent;
    keys.add(path);
    if (levels.empty() && (name == "title" || name == "name")) job.out.field(field::kTitle, without_quotes(value));
    if (levels.empty() && name == "description") job.out.field(field::kDescription, without_quotes(value));
  }
  return {};
}

// TOML 1.0 and the older kinds of settings: tables or sections in brackets, "name = value" below them.
Result<void> read_settings(Job& job) {
  ATOLL_ASSIGN(const std::string text, read_as_text(job));
  job.out.text(text);
  Keys keys(job.out);
  std::string section;
  std::string_view left = text;
  while (!left.empty()) {
    const std::string_view line = trim(take_line(left));
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      std::string_view name = line.substr(
          line.find_first_not_of('[') == std::string_view::npos ? line.size() : line.find_first_not_of('['));
      section = trim(name.substr(0, name.find(']')));
      continue;
    }
    std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) equals = line.find(':');
    if (equals == std::string_view::npos || equals == 0 || equals > 200) continue;
    const std::string name(without_quotes(line.substr(0, equals)));
    keys.add(section.empty() ? name : section + "." + name);
    if (name == "title" || name == "name") job.out.field(field::kTitle, without_quotes(line.substr(equals + 1)));
    if (name == "description") job.out.field(field::kDescription, without_quotes(line.substr(equals + 1)));
  }
  return {};
}

// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
Result<void> read_numpy(Job& job) {
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, 4096));
  const std::string_view text = as_text(head);
  const std::size_t begin = text.find('{');
  const std::size_t end = text.find('}', begin == std::string_view::npos ? 0 : begin);
  if (begin == std::string_view::npos || end == std::string_view::npos)
    return fail(ErrorKind::damaged, "extract.malformed", "its header is damaged");
  job.out.raw("Npy.Header", text.substr(begin, end - begin + 1));
  take_numpy_array(job.out, text.substr(begin, end - begin + 1));
  return {};
}

// https://github.com/huggingface/safetensors: the length of a JSON header, the header, then the tensors.
Result<void> read_safetensors(Job& job) {
  ATOLL_ASSIGN(const Bytes length_bytes, job.input.part(0, 8));
  if (length_bytes.size() < 8) return fail(ErrorKind::damaged, "extract.malformed", "it ends in its header");
  const auto length = load_le<std::uint64_t>(length_bytes.data());
  if (length > kHeaderBytesMax || length + 8 > job.input.size())
    return fail(ErrorKind::damaged, "extract.malformed", "its header is longer than it may be");
  ATOLL_ASSIGN(const Bytes header, job.input.part(8, static_cast<std::size_t>(length)));
  ATOLL_ASSIGN(const json::Value value,
               json::Value::parse(as_text(header), {.bytes_max = kHeaderBytesMax, .depth_max = 16}));
  if (value.as_members() == nullptr) return fail(ErrorKind::damaged, "extract.malformed", "its header is damaged");
  std::uint64_t tensors = 0;
  for (const auto& [name, inner] : *value.as_members()) {
    if (name == "__metadata__") {
      if (inner.as_members() == nullptr) continue;
      for (const auto& [key, word] : *inner.as_members())
        if (word.as_text() != nullptr) job.out.raw("Safetensors." + key, *word.as_text());
      continue;
    }
    ++tensors;
    job.out.field(field::kTable, name);
  }
  job.out.number(field::kEntityCount, tensors);
  return {};
}

// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md: version, counts, then keys with typed values.
Result<void> read_gguf(Job& job) {
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, 1U << 20U));
  ByteReader in(head, "its header");
  ATOLL_TRY(in.get<std::uint32_t>());
  ATOLL_ASSIGN(const auto version, in.get<std::uint32_t>());
  ATOLL_ASSIGN(const auto tensors, in.get<std::uint64_t>());
  ATOLL_ASSIGN(const auto keys, in.get<std::uint64_t>());
  job.out.number(field::kVersion, version);
  job.out.number(field::kEntityCount, tensors);
  constexpr std::uint32_t kText = 8, kList = 9;
  const auto width_of = [](std::uint32_t type) -> std::size_t {
    constexpr std::string_view kWidths("\1\1\2\2\4\4\4\1\0\0\10\10\10", 13);
    return type < kWidths.size() ? static_cast<std::size_t>(kWidths[type]) : 0;
  };
  for (std::uint64_t i = 0; i < keys && i < 1000; ++i) {
    const auto key_length = in.get<std::uint64_t>();
    if (!key_length || *key_length > in.remaining()) break;
    ATOLL_ASSIGN(const ByteView key, in.get_bytes(static_cast<std::size_t>(*key_length)));
    const auto type = in.get<std::uint32_t>();
    if (!type) break;
    if (*type == kText) {
      const auto length = in.get<std::uint64_t>();
      if (!length || *length > in.remaining()) break;
      ATOLL_ASSIGN(const ByteView value, in.get_bytes(static_cast<std::size_t>(*length)));
      job.out.raw(std::string("Gguf.") + to_string(key), as_text(value));
      if (as_text(key) == "general.name") job.out.field(field::kTitle, as_text(value));
      if (as_text(key) == "general.architecture") job.out.field(field::kArchitecture, as_text(value));
      if (as_text(key) == "general.author") job.out.field(field::kCreator, as_text(value));
      continue;
    }
    if (*type == kList) break;  // lists of words that fill megabytes come behind what names the model
    const std::size_t width = width_of(*type);
    if (width == 0) break;
    const auto value = in.get_bytes(width);
    if (!value) break;
    if (*type != 6 && *type != 12) {
      std::uint64_t number = 0;
      for (std::size_t k = 0; k < width; ++k) number |= static_cast<std::uint64_t>((*value)[k]) << (8 * k);
      job.out.raw(std::string("Gguf.") + to_string(key), std::to_string(number));
    }
  }
  return {};
}

}  // namespace atl::extract
