// Drawings that are lines: plans in DXF (Autodesk, "DXF Reference", ENTITIES and BLOCKS sections), seen from above, and
// the ways that a printer or mill goes (G-code, RS-274: G0 to G3), seen from above, the upper layers darker.
// Always true: every number is foreign; what is not finite is left out; no more than kLinesMax lines are kept.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <optional>
#include <vector>

#include "derived/render/internal/draw.h"
#include "derived/render/internal/words.h"

namespace atl::render {
namespace {

constexpr std::size_t kLinesMax = 2'000'000;
constexpr std::size_t kEntitiesMax = 1'000'000;
constexpr double kStepsMax = 2e8;      // pixels along all lines, some two seconds; what comes behind is left out
constexpr std::uint32_t kSide = 2048;  // twice what is shown: lines become smooth when it is made smaller
constexpr double kMargin = 64;
constexpr double kArcStep = std::numbers::pi / 32;  // radians
constexpr double kFar = 1e12;

struct Spot {
  double x = 0, y = 0;
};
struct Line {
  Spot from, to;
  double height = 0;
};

class LineCanvas {
 public:
  void add(const Spot& from, const Spot& to, double height = 0) {
    const std::array numbers{from.x, from.y, to.x, to.y, height};
    const bool is_sound = std::ranges::all_of(numbers, [](double number) { return std::abs(number) < kFar; });
    if (is_sound && lines_.size() < kLinesMax) lines_.push_back({from, to, height});
  }
  [[nodiscard]] bool is_full() const { return lines_.size() >= kLinesMax; }

  Result<Picture> draw(std::uint32_t side) const {
    if (lines_.empty()) return nothing_to_show("there are no lines in it");
    Line least{{kFar, kFar}, {}, kFar};
    Line most{{-kFar, -kFar}, {}, -kFar};
    for (const Line& line : lines_) {
      for (const Spot& spot : {line.from, line.to}) {
        least.from = {std::min(least.from.x, spot.x), std::min(least.from.y, spot.y)};
        most.from = {std::max(most.from.x, spot.x), std::max(most.from.y, spot.y)};
      }
      least.height = std::min(least.height, line.height);
      most.height = std::max(most.height, line.height);
    }
    const double wide = most.from.x - least.from.x;
    const double high = most.from.y - least.from.y;
    const double scale = (kSide - 2 * kMargin) / std::max({wide, high, 1e-9});
    const auto pixels = [&](double length) {
      return static_cast<std::uint32_t>(std::lround(length * scale + 2 * kMargin));
    };
    ATOLL_ASSIGN(Picture picture, blank_picture(pixels(wide), pixels(high)));
    std::ranges::fill(picture.pixels, std::uint8_t{255});
    const double tall = std::max(most.height - least.height, 1e-9);
    double steps = 0;
    for (const Line& line : lines_) {
      // From pale to dark: what lies above is seen over what lies below.
      const double share = most.height > least.height ? (line.height - least.height) / tall : 1;
      const auto grey = [&](double pale, double dark) {
        return static_cast<std::uint8_t>(std::lround(pale + (dark - pale) * share));
      };
      const auto place = [&](const Spot& spot) {
        return Spot{(spot.x - least.from.x) * scale + kMargin, (most.from.y - spot.y) * scale + kMargin};
      };
      steps += (std::abs(line.to.x - line.from.x) + std::abs(line.to.y - line.from.y)) * scale + 1;
      if (steps > kStepsMax) break;
      stroke(picture, place(line.from), place(line.to), {grey(190, 25), grey(205, 60), grey(225, 110)});
    }
    return scaled_to(picture, side);
  }

 private:
  // Two pixels wide, one step a pixel of its longer side.
  static void stroke(Picture& picture, const Spot& from, const Spot& to, const std::array<std::uint8_t, 3>& colour) {
    const double steps = std::max({1.0, std::abs(to.x - from.x), std::abs(to.y - from.y)});
    for (double step = 0; step <= steps; ++step) {
      const double x = from.x + (to.x - from.x) * step / steps;
      const double y = from.y + (to.y - from.y) * step / steps;
      for (int i = 0; i < 4; ++i) {
        const auto column = static_cast<std::int64_t>(x) + i % 2;
        const auto row = static_cast<std::int64_t>(y) + i / 2;
        if (column < 0 || row < 0 || column >= picture.width || row >= picture.height) continue;
        const auto at = (static_cast<std::size_t>(row) * picture.width + static_cast<std::size_t>(column)) * 4;
        std::ranges::copy(colour, picture.pixels.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
  }

  std::vector<Line> lines_;
};

// One entity: its kind, and its groups in their order. Numbers alone count here; of names those of blocks.
struct Entity {
  std::string_view kind;
  std::vector<std::pair<int, double>> numbers;
  std::string_view block;  // group 2

  [[nodiscard]] double number(int code, double otherwise = 0) const {
    const auto found = std::ranges::find(numbers, code, &std::pair<int, double>::first);
    return found == numbers.end() ? otherwise : found->second;
  }
  // Those that come several times: x from `code`, y from `code` + 10.
  [[nodiscard]] std::vector<Spot> spots(int code) const {
    std::vector<Spot> out;
    for (const auto& [one, value] : numbers) {
      if (one == code) out.push_back({value, 0});
      if (one == code + 10 && !out.empty()) out.back().y = value;
    }
    return out;
  }
};

// Where a block is put: turned, stretched and moved.
struct Frame {
  double xx = 1, xy = 0, yx = 0, yy = 1, x = 0, y = 0;
  [[nodiscard]] Spot operator()(const Spot& spot) const {
    return {xx * spot.x + xy * spot.y + x, yx * spot.x + yy * spot.y + y};
  }
  [[nodiscard]] Frame within(const Frame& outer) const {
    const Spot origin = outer({x, y});
    return {outer.xx * xx + outer.xy * yx,
            outer.xx * xy + outer.xy * yy,
            outer.yx * xx + outer.yy * yx,
            outer.yx * xy + outer.yy * yy,
            origin.x,
            origin.y};
  }
};

class DxfDrawing {
 public:
  explicit DxfDrawing(std::string_view text) : lines_(text) {}

  Result<Picture> draw(std::uint32_t side) {
    read();
    draw_all(entities_, {}, 0);
    return canvas_.draw(side);
  }

 private:
  struct Block {
    Spot base;
    std::vector<Entity> entities;
  };

  bool next_group() {
    if (!lines_.next()) return false;
    code_ = static_cast<int>(integer_of(plain(lines_.line())));
    if (!lines_.next()) return false;
    value_ = plain(lines_.line());
    return true;
  }
  static std::string_view plain(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
  }

  void read() {
    std::string_view section;
    Block* block = nullptr;
    Entity entity;
    std::size_t count = 0;
    const auto end_entity = [&] {
      if (entity.kind == "BLOCK") {
        block = &blocks_[entity.block];
        block->base = {entity.number(10), entity.number(20)};
      } else if (entity.kind == "ENDBLK") {
        block = nullptr;
      } else if (!entity.kind.empty() && count++ < kEntitiesMax) {
        if (block != nullptr) {
          block->entities.push_back(std::move(entity));
        } else if (section == "ENTITIES") {
          entities_.push_back(std::move(entity));
        }
      }
      entity = {};
    };
    while (next_group()) {
      if (code_ == 0) {
        end_entity();
        if (value_ == "SECTION" || value_ == "ENDSEC" || value_ == "EOF") {
          section = {};
        } else {
          entity.kind = value_;
        }
      } else if (code_ == 2 && entity.kind.empty()) {
        section = value_;
      } else if (code_ == 2) {
        entity.block = value_;
      } else if (code_ >= 10 && code_ <= 79) {
        entity.numbers.emplace_back(code_, number_of(value_));
      }
    }
    end_entity();
  }

  void chain(const std::vector<Spot>& spots, bool is_closed, const Frame& frame) {
    for (std::size_t i = 1; i < spots.size(); ++i) canvas_.add(frame(spots[i - 1]), frame(spots[i]));
    if (is_closed && spots.size() > 2) canvas_.add(frame(spots.back()), frame(spots.front()));
  }
  // Angles in radians, against the clock; `along` is the longer half axis, `ratio` the other one's share of it.
  void arc(const Spot& middle, const Spot& along, double ratio, double begin, double end, const Frame& frame) {
    if (!std::isfinite(begin) || !std::isfinite(end) || std::abs(begin) > 100 || std::abs(end) > 100) return;
    while (end <= begin) end += 2 * std::numbers::pi;
    const int steps = std::max(1, static_cast<int>(std::ceil((end - begin) / kArcStep)));
    std::vector<Spot> spots;
    for (int i = 0; i <= steps; ++i) {
      const double angle = begin + (end - begin) * i / steps;
      spots.push_back({middle.x + along.x * std::cos(angle) - along.y * ratio * std::sin(angle),
                       middle.y + along.y * std::cos(angle) + along.x * ratio * std::sin(angle)});
    }
    chain(spots, false, frame);
  }

  void draw_all(const std::vector<Entity>& entities, const Frame& frame, int depth) {
    std::vector<Spot> corners;  // of a POLYLINE, which come as entities of their own
    bool is_closed = false;
    for (const Entity& entity : entities) {
      // Blocks in blocks can multiply without end.
      if (canvas_.is_full() || ++drawn_ > 4 * kEntitiesMax) return;
      if (entity.kind == "POLYLINE") {
        corners.clear();
        is_closed = (static_cast<unsigned>(entity.number(70)) & 1U) != 0;
      } else if (entity.kind == "VERTEX") {
        corners.push_back({entity.number(10), entity.number(20)});
      } else if (entity.kind == "SEQEND") {
        chain(corners, is_closed, frame);
        corners.clear();
      } else {
        draw_one(entity, frame, depth);
      }
    }
  }

  void draw_one(const Entity& entity, const Frame& frame, int depth) {
    constexpr double kDegree = std::numbers::pi / 180;
    const Spot at{entity.number(10), entity.number(20)};
    if (entity.kind == "LINE") {
      canvas_.add(frame(at), frame({entity.number(11), entity.number(21)}));
    } else if (entity.kind == "LWPOLYLINE") {
      chain(entity.spots(10), (static_cast<unsigned>(entity.number(70)) & 1U) != 0, frame);
    } else if (entity.kind == "SPLINE") {
      const auto through = entity.spots(11);
      chain(through.size() > 1 ? through : entity.spots(10), false, frame);
    } else if (entity.kind == "CIRCLE") {
      arc(at, {entity.number(40), 0}, 1, 0, 2 * std::numbers::pi, frame);
    } else if (entity.kind == "ARC") {
      arc(at, {entity.number(40), 0}, 1, entity.number(50) * kDegree, entity.number(51) * kDegree, frame);
    } else if (entity.kind == "ELLIPSE") {
      arc(at, {entity.number(11), entity.number(21)}, entity.number(40, 1), entity.number(41),
          entity.number(42, 2 * std::numbers::pi), frame);
    } else if (entity.kind == "SOLID" || entity.kind == "TRACE" || entity.kind == "3DFACE") {
      chain({at,
             {entity.number(11), entity.number(21)},
             {entity.number(13), entity.number(23)},
             {entity.number(12), entity.number(22)}},
            true, frame);
    } else if (entity.kind == "INSERT" && depth < 8) {
      const auto block = blocks_.find(entity.block);
      if (block == blocks_.end()) return;
      const double turn = entity.number(50) * kDegree;
      const double wide = entity.number(41, 1);
      const double high = entity.number(42, 1);
      Frame own{
          wide * std::cos(turn), -high * std::sin(turn), wide * std::sin(turn), high * std::cos(turn), at.x, at.y};
      const Spot base = own(block->second.base);
      own.x -= base.x - at.x;
      own.y -= base.y - at.y;
      draw_all(block->second.entities, own.within(frame), depth + 1);
    }
  }

  Lines lines_;
  int code_ = 0;
  std::string_view value_;
  std::vector<Entity> entities_;
  std::map<std::string_view, Block> blocks_;
  LineCanvas canvas_;
  std::size_t drawn_ = 0;
};

// Where the tool goes. Printers draw where they push material out; mills wherever they go at working speed.
class ToolPath {
 public:
  Result<Picture> draw(std::string_view text, std::uint32_t side) {
    Lines lines(text);
    while (lines.next() && !pushed_.is_full() && !gone_.is_full()) take(lines.line());
    return has_pushed_ ? pushed_.draw(side) : gone_.draw(side);
  }

 private:
  void take(std::string_view line) {
    line = line.substr(0, line.find(';'));
    std::array<std::optional<double>, 26> words;
    std::vector<int> commands;
    for (std::size_t i = 0; i < line.size();) {
      const char c = line[i] >= 'a' && line[i] <= 'z' ? static_cast<char>(line[i] - 32) : line[i];
      ++i;
      if (c == '(') {
        i = std::min(line.find(')', i), line.size());
        continue;
      }
      if (c < 'A' || c > 'Z') continue;
      while (i < line.size() && line[i] == ' ') ++i;
      const std::size_t end = std::min(line.find_first_not_of("+-.0123456789", i), line.size());
      const double value = number_of(line.substr(i, end - i));
      i = end;
      if (c == 'G' && value >= 0 && value < 1000) commands.push_back(static_cast<int>(value));
      if (c == 'M' && (value == 82 || value == 83)) is_feed_relative_ = value == 83;
      words.at(static_cast<std::size_t>(c - 'A')) = value;
    }
    for (const int command : commands) {
      if (command <= 3) motion_ = command;
      if (command == 90 || command == 91) is_relative_ = is_feed_relative_ = command == 91;
      if (command == 92) {
        set(words);
        return;
      }
    }
    move(words);
  }

  using Words = std::array<std::optional<double>, 26>;
  static const std::optional<double>& word(const Words& words, char letter) {
    return words.at(static_cast<std::size_t>(letter - 'A'));
  }
  void set(const Words& words) {
    at_ = {word(words, 'X').value_or(at_.x), word(words, 'Y').value_or(at_.y)};
    height_ = word(words, 'Z').value_or(height_);
    feed_ = word(words, 'E').value_or(feed_);
  }
  void move(const Words& words) {
    const auto reach = [&](char letter, double from) {
      const auto& value = word(words, letter);
      return value ? (is_relative_ ? from + *value : *value) : from;
    };
    const Spot to{reach('X', at_.x), reach('Y', at_.y)};
    height_ = reach('Z', height_);
    bool is_pushing = false;
    if (const auto& feed = word(words, 'E')) {
      is_pushing = is_feed_relative_ ? *feed > 0 : *feed > feed_;
      if (!is_feed_relative_) feed_ = *feed;
    }
    const bool has_moved = to.x != at_.x || to.y != at_.y;
    if (motion_ >= 2 && (has_moved || word(words, 'I') || word(words, 'J'))) {
      turn(to, {word(words, 'I').value_or(0), word(words, 'J').value_or(0)}, is_pushing);
    } else if (has_moved) {
      line(at_, to, is_pushing);
    }
    at_ = to;
  }
  void line(const Spot& from, const Spot& to, bool is_pushing) {
    if (is_pushing) {
      has_pushed_ = true;
      pushed_.add(from, to, height_);
    } else if (motion_ > 0) {
      gone_.add(from, to, height_);
    }
  }
  // An arc about a middle that lies so far from where the tool is.
  void turn(const Spot& to, const Spot& offset, bool is_pushing) {
    const Spot middle{at_.x + offset.x, at_.y + offset.y};
    const double radius = std::hypot(offset.x, offset.y);
    if (!(radius > 0 && radius < kFar)) return line(at_, to, is_pushing);
    const double begin = std::atan2(at_.y - middle.y, at_.x - middle.x);
    double sweep = std::atan2(to.y - middle.y, to.x - middle.x) - begin;
    if (motion_ == 2 && sweep >= 0) sweep -= 2 * std::numbers::pi;
    if (motion_ == 3 && sweep <= 0) sweep += 2 * std::numbers::pi;
    const int steps = std::max(1, static_cast<int>(std::ceil(std::abs(sweep) / kArcStep)));
    Spot from = at_;
    for (int i = 1; i <= steps; ++i) {
      const double angle = begin + sweep * i / steps;
      const Spot next{middle.x + radius * std::cos(angle), middle.y + radius * std::sin(angle)};
      line(from, next, is_pushing);
      from = next;
    }
  }

  LineCanvas pushed_, gone_;
  bool has_pushed_ = false;
  bool is_relative_ = false;
  bool is_feed_relative_ = false;
  int motion_ = 0;
  Spot at_;
  double height_ = 0;
  double feed_ = 0;
};

}  // namespace

Result<Picture> draw_lines(const Drawing& drawing) {
  ATOLL_ASSIGN(const Bytes file, drawing.input.whole(kWholeBytesMax / 4));
  if (drawing.format.id == "gcode") return ToolPath().draw(as_text(file), drawing.side);
  if (as_text(file).starts_with("AutoCAD Binary DXF")) return nothing_to_show("binary DXF is not read");
  return DxfDrawing(as_text(file)).draw(drawing.side);
}

}  // namespace atl::render
