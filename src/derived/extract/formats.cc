// The table of formats. What a row claims is what the readers of internal/ do; a test reads a sample of each.
#include "derived/extract/formats.h"

#include <algorithm>
#include <array>

namespace atl::extract {
namespace {

// Words as template arguments, so that a row's list of endings is a constant of its own.
template <std::size_t size>
struct Word {
  std::array<char, size> letters{};
  consteval Word(const char (&text)[size]) {  // NOLINT(cppcoreguidelines-avoid-c-arrays,google-explicit-constructor)
    for (std::size_t i = 0; i < size; ++i) letters[i] = text[i];
  }
};
template <Word... words>
constexpr std::array<std::string_view, sizeof...(words)> kEndings{
    std::string_view(words.letters.data(), words.letters.size() - 1)...};

enum Reads : unsigned { kNothing = 0, kMeta = 1, kText = 2, kPreview = 4, kContents = 8 };

constexpr Format row(std::string_view id, std::string_view name, std::string_view media_type, std::string_view group,
                     std::span<const std::string_view> extensions, unsigned reads) {
  return {id,
          name,
          media_type,
          group,
          extensions,
          (reads & kMeta) != 0,
          (reads & kText) != 0,
          (reads & kPreview) != 0,
          (reads & kContents) != 0};
}

constexpr std::array kFormats{
    // pictures
    row("jpeg", "JPEG image", "image/jpeg", "image", kEndings<"jpg", "jpeg", "jpe", "jfif">, kMeta | kPreview),
    row("png", "PNG image", "image/png", "image", kEndings<"png", "apng">, kMeta | kPreview),
    row("gif", "GIF image", "image/gif", "image", kEndings<"gif">, kMeta | kPreview),
    row("heic", "HEIC image", "image/heic", "image", kEndings<"heic">, kMeta | kPreview),
    row("heif", "HEIF image", "image/heif", "image", kEndings<"heif", "hif">, kMeta | kPreview),
    row("avif", "AVIF image", "image/avif", "image", kEndings<"avif">, kMeta | kPreview),
    row("bmp", "Windows bitmap", "image/bmp", "image", kEndings<"bmp", "dib">, kMeta | kPreview),
    row("tiff", "TIFF image", "image/tiff", "image", kEndings<"tif", "tiff">, kMeta | kPreview),
    row("webp", "WebP image", "image/webp", "image", kEndings<"webp">, kMeta | kPreview),
    row("svg", "SVG drawing", "image/svg+xml", "image", kEndings<"svg">, kMeta | kText | kPreview),
    row("ico", "Windows icon", "image/vnd.microsoft.icon", "image", kEndings<"ico", "cur">, kMeta | kPreview),
    row("psd", "Photoshop image", "image/vnd.adobe.photoshop", "image", kEndings<"psd", "psb">, kMeta | kPreview),
    row("jp2", "JPEG 2000 image", "image/jp2", "image", kEndings<"jp2", "j2k", "jpx">, kMeta | kPreview),
    row("jxl", "JPEG XL image", "image/jxl", "image", kEndings<"jxl">, kMeta | kPreview),
    row("cr2", "Canon raw image", "image/x-canon-cr2", "image", kEndings<"cr2">, kMeta | kPreview),
    row("cr3", "Canon raw image (CR3)", "image/x-canon-cr3", "image", kEndings<"cr3">, kMeta | kPreview),
    row("nef", "Nikon raw image", "image/x-nikon-nef", "image", kEndings<"nef", "nrw">, kMeta | kPreview),
    row("arw", "Sony raw image", "image/x-sony-arw", "image", kEndings<"arw", "sr2", "srf">, kMeta | kPreview),
    row("dng", "Digital negative", "image/x-adobe-dng", "image", kEndings<"dng">, kMeta | kPreview),
    row("orf", "Olympus raw image", "image/x-olympus-orf", "image", kEndings<"orf">, kMeta | kPreview),
    row("rw2", "Panasonic raw image", "image/x-panasonic-rw2", "image", kEndings<"rw2">, kMeta | kPreview),
    row("raf", "Fujifilm raw image", "image/x-fuji-raf", "image", kEndings<"raf">, kMeta | kPreview),
    row("pef", "Pentax raw image", "image/x-pentax-pef", "image", kEndings<"pef">, kMeta | kPreview),
    row("raw", "Camera raw image", "image/x-raw", "image", kEndings<"raw", "rwl", "srw", "kdc", "erf", "mrw">,
        kMeta | kPreview),
    // film
    row("mp4", "MPEG-4 film", "video/mp4", "video", kEndings<"mp4", "m4v">, kMeta | kPreview),
    row("mov", "QuickTime film", "video/quicktime", "video", kEndings<"mov", "qt">, kMeta | kPreview),
    row("3gp", "3GP film", "video/3gpp", "video", kEndings<"3gp", "3g2">, kMeta | kPreview),
    row("avi", "AVI film", "video/x-msvideo", "video", kEndings<"avi">, kMeta | kPreview),
    row("wmv", "Windows Media film", "video/x-ms-wmv", "video", kEndings<"wmv", "asf">, kMeta | kPreview),
    row("flv", "Flash video", "video/x-flv", "video", kEndings<"flv", "f4v">, kMeta | kPreview),
    row("mkv", "Matroska film", "video/x-matroska", "video", kEndings<"mkv", "mk3d">, kMeta | kPreview),
    row("webm", "WebM film", "video/webm", "video", kEndings<"webm">, kMeta | kPreview),
    row("mpegts", "MPEG transport stream (AVCHD)", "video/mp2t", "video", kEndings<"mts", "m2ts", "m2t", "tp">,
        kMeta | kPreview),
    row("mpeg", "MPEG-1 or MPEG-2 film", "video/mpeg", "video", kEndings<"mpg", "mpeg", "vob", "m2v">,
        kMeta | kPreview),
    row("ogv", "Ogg film", "video/ogg", "video", kEndings<"ogv", "ogm">, kMeta | kPreview),
    // sound
    row("mp3", "MP3 audio", "audio/mpeg", "audio", kEndings<"mp3", "mp2">, kMeta | kPreview),
    row("wav", "WAVE audio", "audio/vnd.wave", "audio", kEndings<"wav">, kMeta | kPreview),
    row("aac", "AAC audio", "audio/aac", "audio", kEndings<"aac", "adts">, kMeta | kPreview),
    row("flac", "FLAC audio", "audio/flac", "audio", kEndings<"flac">, kMeta | kPreview),
    row("ogg", "Ogg audio", "audio/ogg", "audio", kEndings<"ogg", "oga", "opus", "spx">, kMeta | kPreview),
    row("m4a", "MPEG-4 audio", "audio/mp4", "audio", kEndings<"m4a", "m4b">, kMeta | kPreview),
    row("wma", "Windows Media audio", "audio/x-ms-wma", "audio", kEndings<"wma">, kMeta | kPreview),
    row("aiff", "AIFF audio", "audio/aiff", "audio", kEndings<"aiff", "aif", "aifc">, kMeta | kPreview),
    row("ape", "Monkey's Audio", "audio/x-ape", "audio", kEndings<"ape">, kMeta | kPreview),
    row("amr", "AMR audio", "audio/amr", "audio", kEndings<"amr">, kMeta | kPreview),
    row("midi", "MIDI music", "audio/midi", "audio", kEndings<"mid", "midi">, kNothing),
    // documents
    row("pdf", "PDF document", "application/pdf", "document", kEndings<"pdf">, kMeta | kText | kPreview),
    row("doc", "Word 97 document", "application/msword", "document", kEndings<"doc", "dot">, kMeta | kText | kPreview),
    row("docx", "Word document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "document",
        kEndings<"docx", "docm", "dotx">, kMeta | kText | kPreview),
    row("odt", "OpenDocument text", "application/vnd.oasis.opendocument.text", "document",
        kEndings<"odt", "ott", "fodt">, kMeta | kText | kPreview),
    row("rtf", "Rich text", "application/rtf", "document", kEndings<"rtf">, kMeta | kText | kPreview),
    row("postscript", "PostScript", "application/postscript", "document", kEndings<"ps", "eps", "ai">, kMeta),
    row("epub", "EPUB book", "application/epub+zip", "book", kEndings<"epub">, kMeta | kText | kPreview),
    row("mobi", "Mobipocket or Kindle book", "application/x-mobipocket-ebook", "book",
        kEndings<"mobi", "azw", "azw3", "prc">, kMeta | kText | kPreview),
    row("fb2", "FictionBook", "application/x-fictionbook+xml", "book", kEndings<"fb2">, kMeta | kText | kPreview),
    row("xls", "Excel 97 workbook", "application/vnd.ms-excel", "sheet", kEndings<"xls", "xlt">,
        kMeta | kText | kPreview),
    row("xlsx", "Excel workbook", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "sheet",
        kEndings<"xlsx", "xlsm", "xltx">, kMeta | kText | kPreview),
    row("ods", "OpenDocument sheet", "application/vnd.oasis.opendocument.spreadsheet", "sheet",
        kEndings<"ods", "ots", "fods">, kMeta | kText | kPreview),
    row("csv", "Comma-separated values", "text/csv", "sheet", kEndings<"csv">, kMeta | kText | kPreview),
    row("tsv", "Tab-separated values", "text/tab-separated-values", "sheet", kEndings<"tsv", "tab">,
        kMeta | kText | kPreview),
    row("ppt", "PowerPoint 97 presentation", "application/vnd.ms-powerpoint", "slides", kEndings<"ppt", "pps">,
        kMeta | kText | kPreview),
    row("pptx", "PowerPoint presentation", "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "slides", kEndings<"pptx", "pptm", "ppsx">, kMeta | kText | kPreview),
    row("odp", "OpenDocument presentation", "application/vnd.oasis.opendocument.presentation", "slides",
        kEndings<"odp", "otp", "fodp">, kMeta | kText | kPreview),
    row("odg", "OpenDocument drawing", "application/vnd.oasis.opendocument.graphics", "document",
        kEndings<"odg", "fodg">, kMeta | kText | kPreview),
    // messages, dates, people
    row("eml", "Mail message", "message/rfc822", "mail", kEndings<"eml">, kMeta | kText | kPreview | kContents),
    row("msg", "Outlook message", "application/vnd.ms-outlook", "mail", kEndings<"msg">,
        kMeta | kText | kPreview | kContents),
    row("mbox", "Mailbox", "application/mbox", "mail", kEndings<"mbox">, kMeta | kText | kContents),
    row("ics", "Calendar", "text/calendar", "calendar", kEndings<"ics", "ifb">, kMeta | kText | kPreview),
    row("vcf", "Contacts", "text/vcard", "calendar", kEndings<"vcf", "vcard">, kMeta | kText | kPreview),
    // markup and data
    row("html", "Web page", "text/html", "markup", kEndings<"html", "htm", "xhtml">, kMeta | kText | kPreview),
    row("xml", "XML", "application/xml", "markup", kEndings<"xml", "xsd", "xsl", "rss", "atom", "kml", "gpx">,
        kMeta | kText | kPreview),
    row("markdown", "Markdown", "text/markdown", "markup", kEndings<"md", "markdown">, kMeta | kText | kPreview),
    row("rst", "reStructuredText", "text/x-rst", "markup", kEndings<"rst">, kMeta | kText | kPreview),
    row("tex", "LaTeX", "application/x-tex", "markup", kEndings<"tex", "latex", "sty">, kMeta | kText | kPreview),
    row("json", "JSON", "application/json", "data", kEndings<"json", "geojson", "webmanifest">,
        kMeta | kText | kPreview),
    row("ndjson", "JSON lines", "application/x-ndjson", "data", kEndings<"ndjson", "jsonl">, kMeta | kText | kPreview),
    row("ipynb", "Jupyter notebook", "application/x-ipynb+json", "data", kEndings<"ipynb">, kMeta | kText | kPreview),
    row("yaml", "YAML", "application/yaml", "data", kEndings<"yaml", "yml">, kMeta | kText | kPreview),
    row("toml", "TOML", "application/toml", "data", kEndings<"toml">, kMeta | kText | kPreview),
    row("ini", "Settings", "text/plain", "data", kEndings<"ini", "cfg", "conf", "properties", "env">,
        kMeta | kText | kPreview),
    row("npy", "NumPy array", "application/x-npy", "data", kEndings<"npy">, kMeta),
    row("parquet", "Apache Parquet", "application/vnd.apache.parquet", "data", kEndings<"parquet", "parq">,
        kMeta | kText | kPreview),
    row("arrow", "Arrow or Feather table", "application/vnd.apache.arrow.file", "data",
        kEndings<"arrow", "feather", "ipc">, kMeta | kText | kPreview),
    row("hdf5", "HDF5", "application/x-hdf5", "data", kEndings<"h5", "hdf5", "he5", "keras">, kMeta | kText | kPreview),
    row("netcdf", "NetCDF", "application/x-netcdf", "data", kEndings<"nc4", "cdf">, kMeta | kText | kPreview),
    row("safetensors", "Safetensors weights", "application/x-safetensors", "data", kEndings<"safetensors">, kMeta),
    row("gguf", "GGUF model weights", "application/x-gguf", "data", kEndings<"gguf">, kMeta),
    // text
    row("text", "Plain text", "text/plain", "text", kEndings<"txt", "text">, kMeta | kText | kPreview),
    row("log", "Log", "text/plain", "text", kEndings<"log">, kMeta | kText | kPreview),
    row("diff", "Patch", "text/x-diff", "text", kEndings<"diff", "patch">, kMeta | kText | kPreview),
    row("srt", "SubRip subtitles", "application/x-subrip", "subtitle", kEndings<"srt">, kMeta | kText | kPreview),
    row("vtt", "WebVTT subtitles", "text/vtt", "subtitle", kEndings<"vtt">, kMeta | kText | kPreview),
    row("ass", "SubStation subtitles", "text/x-ssa", "subtitle", kEndings<"ass", "ssa">, kMeta | kText | kPreview),
    // programs as people write them
    row("python", "Python", "text/x-python", "code", kEndings<"py", "pyw", "pyi">, kMeta | kText | kPreview),
    row("javascript", "JavaScript", "text/javascript", "code", kEndings<"js", "mjs", "cjs", "jsx">,
        kMeta | kText | kPreview),
    row("typescript", "TypeScript", "application/typescript", "code", kEndings<"ts", "tsx">, kMeta | kText | kPreview),
    row("php", "PHP", "application/x-php", "code", kEndings<"php", "phtml">, kMeta | kText | kPreview),
    row("java", "Java", "text/x-java", "code", kEndings<"java">, kMeta | kText | kPreview),
    row("c", "C", "text/x-c", "code", kEndings<"c">, kMeta | kText | kPreview),
    row("cpp", "C++", "text/x-c++", "code", kEndings<"cpp", "cc", "cxx", "hpp", "hh", "hxx">, kMeta | kText | kPreview),
    row("header", "C or C++ header", "text/x-c", "code", kEndings<"h">, kMeta | kText | kPreview),
    row("csharp", "C#", "text/x-csharp", "code", kEndings<"cs">, kMeta | kText | kPreview),
    row("go", "Go", "text/x-go", "code", kEndings<"go">, kMeta | kText | kPreview),
    row("rust", "Rust", "text/x-rust", "code", kEndings<"rs">, kMeta | kText | kPreview),
    row("ruby", "Ruby", "text/x-ruby", "code", kEndings<"rb">, kMeta | kText | kPreview),
    row("perl", "Perl", "text/x-perl", "code", kEndings<"pl", "pm">, kMeta | kText | kPreview),
    row("lua", "Lua", "text/x-lua", "code", kEndings<"lua">, kMeta | kText | kPreview),
    row("r", "R", "text/x-r", "code", kEndings<"r">, kMeta | kText | kPreview),
    row("swift", "Swift", "text/x-swift", "code", kEndings<"swift">, kMeta | kText | kPreview),
    row("kotlin", "Kotlin", "text/x-kotlin", "code", kEndings<"kt", "kts">, kMeta | kText | kPreview),
    row("shell", "Shell script", "application/x-sh", "code", kEndings<"sh", "bash", "zsh">, kMeta | kText | kPreview),
    row("batch", "Windows batch file", "application/x-bat", "code", kEndings<"bat", "cmd", "ps1">,
        kMeta | kText | kPreview),
    row("css", "CSS", "text/css", "code", kEndings<"css", "scss", "less">, kMeta | kText | kPreview),
    row("sql", "SQL", "application/sql", "database", kEndings<"sql">, kMeta | kText | kPreview),
    // databases
    row("sqlite", "SQLite database", "application/vnd.sqlite3", "database", kEndings<"db", "sqlite", "sqlite3">, kMeta),
    row("mdb", "Access database", "application/x-msaccess", "database", kEndings<"mdb">, kMeta | kText | kPreview),
    row("accdb", "Access 2007 database", "application/x-msaccess", "database", kEndings<"accdb">,
        kMeta | kText | kPreview),
    row("dbf", "dBase table", "application/x-dbf", "database", kEndings<"dbf">, kMeta | kText | kPreview),
    // archives
    row("zip", "ZIP archive", "application/zip", "archive", kEndings<"zip", "cbz">, kMeta | kPreview | kContents),
    row("jar", "Java or Android package", "application/java-archive", "archive", kEndings<"jar", "war", "apk">,
        kMeta | kContents),
    row("rar", "RAR archive", "application/vnd.rar", "archive", kEndings<"rar", "cbr">, kMeta | kContents),
    row("tar", "tar archive", "application/x-tar", "archive", kEndings<"tar">, kMeta | kContents),
    row("gz", "gzip-compressed", "application/gzip", "archive", kEndings<"gz", "tgz">, kMeta | kContents),
    row("bz2", "bzip2-compressed", "application/x-bzip2", "archive", kEndings<"bz2", "tbz2">, kMeta | kContents),
    row("xz", "xz-compressed", "application/x-xz", "archive", kEndings<"xz", "txz">, kMeta | kContents),
    row("zst", "Zstandard-compressed", "application/zstd", "archive", kEndings<"zst", "tzst">, kMeta | kContents),
    row("lz4", "LZ4-compressed", "application/x-lz4", "archive", kEndings<"lz4">, kMeta | kContents),
    row("7z", "7-Zip archive", "application/x-7z-compressed", "archive", kEndings<"7z">, kMeta | kContents),
    row("cab", "Cabinet archive", "application/vnd.ms-cab-compressed", "archive", kEndings<"cab">, kMeta | kContents),
    row("iso", "ISO 9660 disc image", "application/x-iso9660-image", "archive", kEndings<"iso">, kMeta | kContents),
    row("cpio", "cpio archive", "application/x-cpio", "archive", kEndings<"cpio">, kMeta | kContents),
    row("ar", "ar archive", "application/x-archive", "archive", kEndings<"a", "ar", "lib">, kMeta | kContents),
    row("deb", "Debian package", "application/vnd.debian.binary-package", "archive", kEndings<"deb", "udeb">,
        kMeta | kContents),
    row("rpm", "RPM package", "application/x-rpm", "archive", kEndings<"rpm">, kMeta | kContents),
    row("lha", "LHA archive", "application/x-lzh-compressed", "archive", kEndings<"lzh", "lha">, kMeta | kContents),
    // models and drawings
    row("stl", "STL model", "model/stl", "model", kEndings<"stl">, kMeta | kPreview),
    row("obj", "Wavefront model", "model/obj", "model", kEndings<"obj">, kMeta | kPreview),
    row("fbx", "FBX model", "application/x-fbx", "model", kEndings<"fbx">, kMeta),
    row("3ds", "3D Studio model", "application/x-3ds", "model", kEndings<"3ds">, kMeta),
    row("dae", "COLLADA model", "model/vnd.collada+xml", "model", kEndings<"dae">, kMeta | kText),
    row("ply", "PLY model", "model/x-ply", "model", kEndings<"ply">, kMeta | kPreview),
    row("gltf", "glTF model", "model/gltf+json", "model", kEndings<"gltf">, kMeta | kPreview),
    row("glb", "Binary glTF model", "model/gltf-binary", "model", kEndings<"glb">, kMeta | kPreview),
    row("3mf", "3MF model", "model/3mf", "model", kEndings<"3mf">, kMeta | kPreview),
    row("step", "STEP model", "model/step", "model", kEndings<"step", "stp">, kMeta),
    row("iges", "IGES model", "model/iges", "model", kEndings<"iges", "igs">, kMeta),
    row("gcode", "G-code", "text/x-gcode", "model", kEndings<"gcode", "gco", "nc">, kMeta | kPreview),
    row("dxf", "DXF drawing", "image/vnd.dxf", "drawing", kEndings<"dxf">, kMeta | kText | kPreview),
    row("dwg", "DWG drawing", "image/vnd.dwg", "drawing", kEndings<"dwg">, kMeta),
    // programs as machines run them
    row("pe", "Windows program", "application/vnd.microsoft.portable-executable", "program",
        kEndings<"exe", "dll", "sys", "ocx", "efi">, kMeta),
    row("elf", "ELF program", "application/x-elf", "program", kEndings<"elf", "so", "o", "ko">, kMeta),
    row("macho", "Mach-O program", "application/x-mach-binary", "program", kEndings<"dylib", "app">, kMeta),
    row("wasm", "WebAssembly", "application/wasm", "program", kEndings<"wasm">, kMeta),
    row("class", "Java class", "application/java-vm", "program", kEndings<"class">, kMeta),
    row("binary", "Binary data", "application/octet-stream", "program", kEndings<"bin", "dat", "img">, kNothing),
    // letters
    row("ttf", "TrueType font", "font/ttf", "font", kEndings<"ttf", "ttc">, kNothing),
    row("otf", "OpenType font", "font/otf", "font", kEndings<"otf">, kNothing),
    row("woff", "Web font", "font/woff", "font", kEndings<"woff">, kNothing),
    row("woff2", "Web font 2", "font/woff2", "font", kEndings<"woff2">, kNothing),
    // the rest
    row("ole", "Microsoft compound file", "application/x-ole-storage", "other", kEndings<>, kMeta),
    row("unknown", "Unknown", "application/octet-stream", "other", kEndings<>, kNothing),
};
static_assert(kFormats.back().id == "unknown");

}  // namespace

std::span<const Format> formats() { return kFormats; }

const Format& format_by_id(std::string_view id) {
  const auto* const found = std::ranges::find(kFormats, id, &Format::id);
  return found == kFormats.end() ? kFormats.back() : *found;
}

}  // namespace atl::extract
