// What a content is: first bytes (as the formats' own descriptions give them), then what a text reads like, then the
// name's ending.
#include <algorithm>
#include <array>
#include <optional>

#include "derived/extract/formats.h"
#include "derived/extract/internal/plain_text.h"

namespace atl::extract {
namespace {

using namespace std::string_view_literals;

struct Signature {
  std::size_t offset;
  std::string_view bytes;
  std::string_view id;
};

// The first that fits counts. What needs a second look has a function of its own below.
constexpr std::array kSignatures{
    Signature{0, "\xFF\xD8\xFF"sv, "jpeg"},
    Signature{0, "\x89PNG\r\n\x1A\n"sv, "png"},
    Signature{0, "GIF87a"sv, "gif"},
    Signature{0, "GIF89a"sv, "gif"},
    Signature{0, "8BPS\0"sv, "psd"},
    Signature{0, "\0\0\x01\0"sv, "ico"},
    Signature{0, "\0\0\x02\0"sv, "ico"},
    Signature{0, "\0\0\0\x0CjP  \r\n"sv, "jp2"},
    Signature{0, "\xFF\x4F\xFF\x51"sv, "jp2"},
    Signature{0, "\xFF\x0A"sv, "jxl"},
    Signature{0, "\0\0\0\x0CJXL \r\n"sv, "jxl"},
    Signature{0, "FUJIFILMCCD-RAW"sv, "raf"},
    Signature{0, "IIU\0"sv, "rw2"},
    Signature{0, "IIRO"sv, "orf"},
    Signature{0, "IIRS"sv, "orf"},
    Signature{0, "FLV\x01"sv, "flv"},
    Signature{0, "\0\0\x01\xBA"sv, "mpeg"},
    Signature{0, "\0\0\x01\xB3"sv, "mpeg"},
    Signature{0, "ID3"sv, "mp3"},
    Signature{0, "fLaC"sv, "flac"},
    Signature{0, "MAC "sv, "ape"},
    Signature{0, "#!AMR"sv, "amr"},
    Signature{0, "MThd\0\0\0\x06"sv, "midi"},
    Signature{0, "%PDF-"sv, "pdf"},
    Signature{0, "%!PS"sv, "postscript"},
    Signature{0, "{\\rtf"sv, "rtf"},
    Signature{60, "BOOKMOBI"sv, "mobi"},
    Signature{0, "SQLite format 3\0"sv, "sqlite"},
    Signature{4, "Standard Jet DB\0"sv, "mdb"},
    Signature{4, "Standard ACE DB\0"sv, "accdb"},
    Signature{0, "Rar!\x1A\x07"sv, "rar"},
    Signature{257, "ustar"sv, "tar"},
    Signature{0, "\x1F\x8B\x08"sv, "gz"},
    Signature{0, "BZh"sv, "bz2"},
    Signature{0,
              "\xFD"
              "7zXZ\0"sv,
              "xz"},
    Signature{0, "\x28\xB5\x2F\xFD"sv, "zst"},
    Signature{0, "\x04\x22\x4D\x18"sv, "lz4"},
    Signature{0, "7z\xBC\xAF\x27\x1C"sv, "7z"},
    Signature{0, "MSCF\0\0\0\0"sv, "cab"},
    Signature{0x8001, "CD001"sv, "iso"},
    Signature{0, "070701"sv, "cpio"},
    Signature{0, "070702"sv, "cpio"},
    Signature{0, "070707"sv, "cpio"},
    Signature{0, "!<arch>\ndebian-binary"sv, "deb"},
    Signature{0, "!<arch>\n"sv, "ar"},
    Signature{0, "\xED\xAB\xEE\xDB"sv, "rpm"},
    Signature{2, "-lh"sv, "lha"},
    Signature{0, "Kaydara FBX Binary"sv, "fbx"},
    Signature{0, "glTF"sv, "glb"},
    Signature{0, "ply\n"sv, "ply"},
    Signature{0, "ply\r\n"sv, "ply"},
    Signature{0, "ISO-10303-21;"sv, "step"},
    Signature{0, "AC10"sv, "dwg"},
    Signature{0, "AutoCAD Binary DXF"sv, "dxf"},
    Signature{0,
              "\x7F"
              "ELF"sv,
              "elf"},
    Signature{0, "\xCE\xFA\xED\xFE"sv, "macho"},
    Signature{0, "\xCF\xFA\xED\xFE"sv, "macho"},
    Signature{0, "\xFE\xED\xFA\xCE"sv, "macho"},
    Signature{0, "\xFE\xED\xFA\xCF"sv, "macho"},
    Signature{0, "\0asm"sv, "wasm"},
    Signature{0, "\0\x01\0\0\0"sv, "ttf"},
    Signature{0, "ttcf"sv, "ttf"},
    Signature{0, "OTTO"sv, "otf"},
    Signature{0, "wOFF"sv, "woff"},
    Signature{0, "wOF2"sv, "woff2"},
    Signature{0, "\x93NUMPY"sv, "npy"},
    Signature{0, "PAR1"sv, "parquet"},
    Signature{0, "ARROW1\0\0"sv, "arrow"},
    Signature{0, "CDF\x01"sv, "netcdf"},
    Signature{0, "CDF\x02"sv, "netcdf"},
    Signature{0, "CDF\x05"sv, "netcdf"},
    Signature{0, "GGUF"sv, "gguf"},
};

constexpr std::string_view kHdf5Mark = "\x89HDF\r\n\x1A\n"sv;

bool has(std::string_view head, std::size_t offset, std::string_view bytes) {
  return head.size() >= offset + bytes.size() && head.substr(offset, bytes.size()) == bytes;
}

std::uint32_t le32(std::string_view head, std::size_t offset) {
  return head.size() < offset + 4 ? 0 : load_le<std::uint32_t>(as_bytes(head.substr(offset, 4)).data());
}

std::string extension_of(std::string_view name) {
  const std::size_t slash = name.find_last_of('/');
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  const std::size_t dot = name.find_last_of('.');
  if (dot == std::string_view::npos || dot + 1 == name.size()) return {};
  return lower(name.substr(dot + 1));
}

std::string_view base_name(std::string_view name) {
  const std::size_t slash = name.find_last_of('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

const Format& format_by_name(std::string_view name) {
  const std::string base = lower(base_name(name));
  if (base == "makefile" || base == "dockerfile" || base == ".bashrc" || base == ".profile")
    return format_by_id("shell");
  const std::string extension = extension_of(name);
  if (!extension.empty()) {
    for (const Format& format : formats())
      if (std::ranges::find(format.extensions, extension) != format.extensions.end()) return format;
  }
  return format_by_id("unknown");
}

// ISO 14496-12, 4.3: the brand of a file of boxes.
std::string_view by_brand(std::string_view head, std::string_view named) {
  const std::string_view brand = head.substr(8, 4);
  const std::string_view brands = head.substr(8, std::min<std::size_t>(le32(head, 0) == 0 ? 64 : 64, head.size() - 8));
  if (brand == "avif" || brand == "avis") return "avif";
  if (brand == "heic" || brand == "heix" || brand == "hevc" || brand == "heim" || brand == "heis") return "heic";
  if (brand == "mif1" || brand == "msf1") return brands.find("heic") != std::string_view::npos ? "heic" : "heif";
  if (brand == "crx ") return "cr3";
  if (brand == "qt  ") return "mov";
  if (brand.starts_with("3g")) return "3gp";
  if (brand.starts_with("M4A") || brand.starts_with("M4B")) return "m4a";
  return named == "m4a" || named == "mov" || named == "3gp" ? named : "mp4";
}

// PKWARE's APPNOTE 4.3.7: names of the first members tell what is packed. Office writes its marks in any order, so that
// as many local headers as the head holds are looked at.
std::string_view by_zip_members(std::string_view head, std::string_view named) {
  if (has(head, 30, "mimetypeapplication/")) {
    const std::string_view type = head.substr(38, 80);
    if (type.starts_with("application/epub+zip")) return "epub";
    if (type.starts_with("application/vnd.oasis.opendocument.text")) return "odt";
    if (type.starts_with("application/vnd.oasis.opendocument.spreadsheet")) return "ods";
    if (type.starts_with("application/vnd.oasis.opendocument.presentation")) return "odp";
    if (type.starts_with("application/vnd.oasis.opendocument.graphics")) return "odg";
  }
  for (std::size_t at = 0; (at = head.find("PK\x03\x04", at)) != std::string_view::npos; at += 4) {
    if (at + 30 > head.size()) break;
    const std::size_t length = load_le<std::uint16_t>(as_bytes(head.substr(at + 26, 2)).data());
    const std::string_view member = head.substr(at + 30, length);
    if (member.starts_with("word/")) return "docx";
    if (member.starts_with("xl/")) return "xlsx";
    if (member.starts_with("ppt/")) return "pptx";
    if (member.starts_with("3D/")) return "3mf";
    if (member == "META-INF/MANIFEST.MF" || member == "AndroidManifest.xml") return "jar";
  }
  // The mark lies behind what was seen: then the name decides among the formats that are packed so.
  for (const std::string_view packed : {"docx", "xlsx", "pptx", "odt", "ods", "odp", "odg", "epub", "3mf", "jar"})
    if (named == packed && head.find("[Content_Types].xml") != std::string_view::npos) return packed;
  for (const std::string_view packed : {"odt", "ods", "odp", "odg", "epub", "3mf", "jar"})
    if (named == packed) return packed;
  return "zip";
}

// [MS-CFB] 2.2: which streams there are, by their names in the directory, which may lie anywhere: what is in the head
// counts, then the name.
std::string_view by_ole_streams(std::string_view head, std::string_view named) {
  const auto holds = [&](std::string_view name) {
    std::string wide;
    for (const char c : name) wide += {c, '\0'};
    return head.find(wide) != std::string_view::npos;
  };
  if (holds("WordDocument")) return "doc";
  if (holds("PowerPoint Document")) return "ppt";
  if (holds("__substg1.0_") || holds("__properties_version")) return "msg";
  if (holds("Workbook")) return "xls";
  for (const std::string_view one : {"doc", "xls", "ppt", "msg"})
    if (named == one) return one;
  return "ole";
}

// TIFF 6.0, section 2. Raw images of cameras are TIFF too; the name and marks of the makers tell which.
std::string_view by_tiff(std::string_view head, std::string_view named) {
  if (has(head, 8, "CR\x02")) return "cr2";
  for (const std::string_view raw : {"nef", "arw", "dng", "pef", "raw", "cr2"})
    if (named == raw) return raw;
  return "tiff";
}

bool is_mpeg_audio_frame(std::string_view head) {
  if (head.size() < 4 || static_cast<unsigned char>(head[0]) != 0xFF) return false;
  if (static_cast<unsigned char>(head[1]) == 0xFE) return false;  // a byte order mark
  const auto second = static_cast<unsigned char>(head[1]);
  const auto third = static_cast<unsigned char>(head[2]);
  return (second & 0xE0U) == 0xE0 && (second & 0x06U) != 0 && (second & 0x18U) != 0x08 && (third & 0xF0U) != 0xF0 &&
         (third & 0x0CU) != 0x0C;
}

std::optional<std::string_view> by_first_bytes(std::string_view head, std::string_view named) {
  if (has(head, 0, "RIFF") && head.size() >= 12) {
    const std::string_view kind = head.substr(8, 4);
    if (kind == "WEBP") return "webp";
    if (kind == "WAVE") return "wav";
    if (kind == "AVI ") return "avi";
  }
  if (has(head, 0, "FORM") && (has(head, 8, "AIFF") || has(head, 8, "AIFC"))) return "aiff";
  if (has(head, 4, "ftyp") && head.size() >= 12) return by_brand(head, named);
  if (has(head, 4, "moov") || has(head, 4, "mdat") || has(head, 4, "wide")) return "mov";
  if (has(head, 0, "PK\x03\x04") || has(head, 0, std::string_view("PK\x05\x06"))) return by_zip_members(head, named);
  if (has(head, 0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")) return by_ole_streams(head, named);
  if (has(head, 0, std::string_view("II*\0", 4)) || has(head, 0, std::string_view("MM\0*", 4)))
    return by_tiff(head, named);
  if (has(head, 0, "\x30\x26\xB2\x75\x8E\x66\xCF\x11")) return named == "wma" ? "wma" : "wmv";
  if (has(head, 0, "\x1A\x45\xDF\xA3"))
    return head.substr(0, 64).find("webm") != std::string_view::npos ? "webm" : "mkv";
  if (has(head, 0, "OggS"))
    return head.substr(0, 256).find("\x80theora") != std::string_view::npos || named == "ogv" ? "ogv" : "ogg";
  if (has(head, 0, "BM") && head.size() >= 26 && le32(head, 14) <= 124 && le32(head, 14) >= 12) return "bmp";
  if (has(head, 0, "MZ") && (named == "pe" || (le32(head, 60) < 4096 && has(head, le32(head, 60), "PE")))) return "pe";
  if (has(head, 0, "\xCA\xFE\xBA\xBE")) {
    const bool is_class = head.size() >= 8 && static_cast<unsigned char>(head[7]) >= 45;
    return is_class ? "class"sv : "macho"sv;
  }
  // NetCDF 4 is HDF5, and its usual ending is that of G-code too.
  if (has(head, 0, kHdf5Mark) || (has(head, 0, "MATLAB 7.3 MAT-file") && has(head, 512, kHdf5Mark)))
    return named == "netcdf" || named == "gcode" ? "netcdf"sv : "hdf5"sv;
  if (head.size() > 196 && head[0] == 'G' && head[188] == 'G') return "mpegts";
  if (head.size() > 196 && head[4] == 'G' && head[196] == 'G') return "mpegts";
  if (head.size() > 84 && has(head, 0, std::string_view("MM")) && named == "3ds") return "3ds";
  for (const Signature& signature : kSignatures)
    if (has(head, signature.offset, signature.bytes)) return signature.id;
  if (head.size() > 8 && head[8] == '{' && le32(head, 4) == 0 && head.find("\"dtype\"") != std::string_view::npos)
    return "safetensors";
  if (head.size() >= 2 && static_cast<unsigned char>(head[0]) == 0xFF &&
      (static_cast<unsigned char>(head[1]) & 0xF6U) == 0xF0)
    return "aac";
  if (is_mpeg_audio_frame(head)) return "mp3";
  return std::nullopt;
}

bool is_header_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > 60) return false;
  return std::ranges::all_of(line.substr(0, colon), [](char c) { return c > ' ' && c < 0x7F; });
}

// RFC 5322: a few header fields, among them such as only mails have.
bool is_mail(std::string_view text) {
  std::size_t marks = 0;
  std::size_t lines = 0;
  while (!text.empty() && lines < 60) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    if (line[0] == ' ' || line[0] == '\t') {
      if (lines == 0) return false;
      continue;
    }
    if (!is_header_line(line)) return false;
    for (const std::string_view mark : {"from:", "to:", "subject:", "date:", "received:", "message-id:",
                                        "mime-version:", "return-path:", "delivered-to:"})
      if (starts_with_nocase(line, mark)) ++marks;
    ++lines;
  }
  return marks >= 2;
}

std::optional<std::string_view> by_markup(std::string_view text) {
  const std::string begin = lower(text.substr(0, 4096));
  if (begin.find("<svg") != std::string::npos) return "svg";
  if (begin.find("<fictionbook") != std::string::npos) return "fb2";
  if (begin.find("<collada") != std::string::npos) return "dae";
  if (begin.find("<!doctype html") != std::string::npos || begin.find("<html") != std::string::npos) return "html";
  if (begin.find("office:document") != std::string::npos) {
    if (begin.find("opendocument.text") != std::string::npos) return "odt";
    if (begin.find("opendocument.spreadsheet") != std::string::npos) return "ods";
    if (begin.find("opendocument.presentation") != std::string::npos) return "odp";
  }
  if (begin.starts_with("<?xml")) return "xml";
  return std::nullopt;
}

std::optional<std::string_view> by_interpreter(std::string_view text) {
  if (!text.starts_with("#!")) return std::nullopt;
  const std::string line = lower(text.substr(0, std::min<std::size_t>(text.find('\n'), 200)));
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kNames{{{"python", "python"},
                                                                                 {"node", "javascript"},
                                                                                 {"perl", "perl"},
                                                                                 {"ruby", "ruby"},
                                                                                 {"php", "php"},
                                                                                 {"lua", "lua"},
                                                                                 {"rscript", "r"},
                                                                                 {"sh", "shell"}}};
  for (const auto& [name, id] : kNames)
    if (line.find(name) != std::string::npos) return id;
  return std::nullopt;
}

std::string_view by_text(std::string_view raw, const Format& named) {
  const std::string text = guess_utf8(raw.substr(0, 16384));
  const std::string_view begin = trim(text);
  if (begin.empty()) return named.reads_text ? named.id : "text";
  if (begin.starts_with("BEGIN:VCALENDAR")) return "ics";
  if (begin.starts_with("BEGIN:VCARD")) return "vcf";
  if (begin.starts_with("WEBVTT")) return "vtt";
  if (begin.starts_with("[Script Info]")) return "ass";
  if (begin.starts_with("<?php")) return "php";
  if (begin.starts_with("From ") && is_mail(begin.substr(std::min(begin.find('\n'), begin.size() - 1) + 1)))
    return "mbox";
  if (begin.starts_with('<') && named.group != "code") {
    const auto markup = by_markup(begin);
    // "xml" says little: a name that promises a dialect of it says more.
    if (markup && (*markup != "xml" || named.id == "unknown" || named.group != "markup")) return *markup;
    if (markup) return named.id;
  }
  if (named.id == "text" || named.id == "unknown" || named.id == "binary") {
    if (const auto script = by_interpreter(begin)) return *script;
    if (is_mail(begin)) return "eml";
    if (begin.starts_with("diff --git") || begin.starts_with("--- ")) return "diff";
    if (named.id == "unknown" && (begin.starts_with('{') || begin.starts_with("[{")) &&
        begin.find('"') != std::string_view::npos && begin.find(':') != std::string_view::npos)
      return "json";
    if (named.id == "unknown" && begin.starts_with("---\n")) return "yaml";
    if (named.id == "unknown" && begin.starts_with("solid ") && begin.find("facet normal") != std::string_view::npos)
      return "stl";
    return "text";
  }
  return named.id;
}

// Formats without a mark at the beginning, and of which nothing can be text.
bool may_be_by_name_alone(const Format& named, std::string_view head) {
  if (named.id == "dbf") return head.size() >= 32 && (head[0] & 0x07) >= 2;
  return named.id == "stl" || named.id == "3ds" || named.id == "mp3" || named.id == "iso" || named.id == "binary" ||
         named.id == "raw" || named.id == "mpeg" || named.id == "aac" || named.id == "macho" || named.id == "lha";
}

bool may_be_text(const Format& named) {
  return named.reads_text || named.group == "model" || named.group == "drawing" || named.group == "data" ||
         named.group == "text";
}

}  // namespace

const Format& recognise(ByteView head, std::string_view name) {
  head = head.first(std::min(head.size(), kHeadBytes));
  const Format& named = format_by_name(name);
  if (head.empty()) return named;
  const std::string_view bytes = as_text(head);
  if (const auto id = by_first_bytes(bytes, named.id)) return format_by_id(*id);
  const TextGuess guess = guess_text(head, head.size() < kHeadBytes);
  if (guess == TextGuess::binary) return may_be_by_name_alone(named, bytes) ? named : format_by_id("unknown");
  // A name that promises something else than text is wrong about a text.
  return format_by_id(by_text(bytes, may_be_text(named) ? named : format_by_id("unknown")));
}

}  // namespace atl::extract
