// From a content to what was understood of it: which reader reads which format, and what all of them have in common.
#include <algorithm>
#include <array>
#include <exception>
#include <optional>

#include "derived/extract/internal/language.h"
#include "derived/extract/internal/magic_table.h"
#include "derived/extract/internal/noise.h"
#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"
#include "derived/extract/internal/wholeness.h"

namespace atl::extract {
namespace {

struct Assignment {
  std::string_view format;
  ReadFormat read;
};
// By id first, then by group.
constexpr std::array kByFormat{
    Assignment{"svg", read_svg},
    Assignment{"markdown", read_markdown},
    Assignment{"rst", read_markdown},
    Assignment{"tex", read_plain},
    Assignment{"html", read_html},
    Assignment{"xml", read_xml},
    Assignment{"dae", read_xml},
    Assignment{"fb2", read_fictionbook},
    Assignment{"csv", read_separated},
    Assignment{"tsv", read_separated},
    Assignment{"json", read_json},
    Assignment{"ndjson", read_json_lines},
    Assignment{"ipynb", read_notebook},
    Assignment{"yaml", read_yaml},
    Assignment{"toml", read_settings},
    Assignment{"ini", read_settings},
    Assignment{"npy", read_numpy},
    Assignment{"safetensors", read_safetensors},
    Assignment{"gguf", read_gguf},
    Assignment{"parquet", read_parquet},
    Assignment{"arrow", read_arrow},
    Assignment{"hdf5", read_hdf5},
    Assignment{"netcdf", read_netcdf},
    Assignment{"sql", read_sql},
    Assignment{"eml", read_mail},
    Assignment{"mbox", read_mailbox},
    Assignment{"ics", read_calendar},
    Assignment{"vcf", read_contacts},
    Assignment{"docx", read_docx},
    Assignment{"xlsx", read_xlsx},
    Assignment{"pptx", read_pptx},
    Assignment{"odt", read_opendocument},
    Assignment{"ods", read_opendocument},
    Assignment{"odp", read_opendocument},
    Assignment{"odg", read_opendocument},
    Assignment{"epub", read_epub},
    Assignment{"rtf", read_rtf},
    Assignment{"gz", read_compressed},
    Assignment{"bz2", read_compressed},
    Assignment{"xz", read_compressed},
    Assignment{"doc", read_ole},
    Assignment{"xls", read_ole},
    Assignment{"ppt", read_ole},
    Assignment{"msg", read_ole},
    Assignment{"ole", read_ole},
    Assignment{"mobi", read_mobi},
    Assignment{"postscript", read_postscript},
    Assignment{"sqlite", read_sqlite},
    Assignment{"dbf", read_dbf},
    Assignment{"mdb", read_access},
    Assignment{"accdb", read_access},
    Assignment{"pdf", read_pdf},
    Assignment{"mp4", read_boxes},
    Assignment{"mov", read_boxes},
    Assignment{"3gp", read_boxes},
    Assignment{"m4a", read_boxes},
    Assignment{"mkv", read_matroska},
    Assignment{"webm", read_matroska},
    Assignment{"avi", read_avi},
    Assignment{"wmv", read_asf},
    Assignment{"wma", read_asf},
    Assignment{"flv", read_flash_video},
    Assignment{"mpeg", read_mpeg},
    Assignment{"mpegts", read_mpeg},
    Assignment{"ogv", read_audio},
    Assignment{"zst", read_compressed},
    Assignment{"lz4", read_compressed},
};
constexpr std::array kByGroup{
    Assignment{"text", read_plain},      Assignment{"subtitle", read_subtitles}, Assignment{"code", read_code},
    Assignment{"archive", read_archive}, Assignment{"model", read_model},        Assignment{"drawing", read_model},
    Assignment{"program", read_program}, Assignment{"image", read_image},        Assignment{"audio", read_audio},
};

ReadFormat reader_of(const Format& format) {
  const auto* const by_format = std::ranges::find(kByFormat, format.id, &Assignment::format);
  if (by_format != kByFormat.end()) return by_format->read;
  const auto* const by_group = std::ranges::find(kByGroup, format.group, &Assignment::format);
  return by_group == kByGroup.end() ? nullptr : by_group->read;
}

std::string sentence_of(const Error& error) {
  std::string words = error.message.empty() ? "it is malformed" : error.message;
  if (error.kind == ErrorKind::damaged) return "It could not be read to its end: " + words + ".";
  return "It could not be read: " + words + ".";
}

// Words as white space separates them; of scripts without spaces this says little.
std::uint64_t count_words(const Extraction& extraction) {
  std::uint64_t words = 0;
  for (const Piece& piece : extraction.pieces) {
    bool is_inside = false;
    for (const char c : piece.text) {
      const bool is_space = c == ' ' || c == '\n' || c == '\t';
      if (!is_space && !is_inside) ++words;
      is_inside = !is_space;
    }
  }
  return words;
}

void say_what_is_missing(Job& job) {
  std::optional<std::string> why;
  if (job.whole) {
    BytesInput all(std::move(*job.whole));
    job.whole.reset();
    why = why_not_whole(all, job.format);
  } else {
    why = why_not_whole(job.input, job.format);
  }
  if (why) job.out.trouble(*why);
}

bool reads_as_prose(const Format& format) {
  return format.group != "code" && format.group != "data" && format.group != "database" && format.group != "model" &&
         format.group != "drawing";
}

}  // namespace

Extraction understand(Input& input, std::string_view name, const Toolbox& tools, Budget& budget, std::uint32_t depth) {
  Extraction extraction;
  Findings out(extraction, budget);
  try {
    const auto head = input.part(0, kHeadBytes);
    if (!head) {
      out.trouble(sentence_of(head.error()));
      return extraction;
    }
    const Format& format = recognise(*head, name);
    out.set_format(format);
    // Its whole table of formats is tried on each content, which takes longer than everything else that is done with a
    // small one; and where nothing is to be found, one in seventy gets a type by chance.
    if (format.id == "unknown" && tools.magic != nullptr && !head->empty() && !is_noise(*head)) {
      if (const std::string media_type = tools.magic->media_type_of(*head); !media_type.empty())
        extraction.media_type = media_type;
    }
    const ReadFormat read = reader_of(format);
    if (read != nullptr && input.size() > 0) {
      Job job{input, name, format, out, tools, depth};
      const auto answer = read(job);
      if (!answer) out.trouble(sentence_of(answer.error()));
      if (extraction.trouble.empty() && tools.wish == nullptr) say_what_is_missing(job);
    }
    if (!extraction.pieces.empty()) {
      if (reads_as_prose(format)) {
        out.number(field::kWordCount, count_words(extraction));
        extraction.language = language_of(extraction);
      }
    }
  } catch (const std::bad_alloc&) {
    out.trouble("Reading it needs more memory than it may have.");
  } catch (const std::exception&) {
    out.trouble("It is malformed: its reader gave up.");
  }
  return extraction;
}

}  // namespace atl::extract
