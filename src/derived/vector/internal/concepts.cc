#include "derived/vector/internal/concepts.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <vector>

namespace atl::vector::internal {
namespace {

// One group a line.
constexpr std::string_view kGroups =
    "invoice bill receipt payment charge amount owed\n"
    "buy purchase order shop shopping store bought\n"
    "sell sale sold selling vendor seller\n"
    "money cash funds budget finance financial savings\n"
    "bank account deposit transfer iban banking\n"
    "tax taxes irs deduction fiscal revenue\n"
    "salary wage pay income earnings payslip payroll\n"
    "loan debt mortgage credit borrow lend\n"
    "insurance policy coverage claim premium insurer\n"
    "contract agreement lease terms signed treaty\n"
    "rent tenant landlord lease apartment flat\n"
    "house home residence dwelling property building\n"
    "kitchen cooking stove oven sink cabinet countertop\n"
    "bathroom toilet shower bath tub washroom\n"
    "bedroom bed mattress sleep\n"
    "renovation remodel refurbish refit rebuild makeover\n"
    "repair fix mend broken fault restore maintenance\n"
    "install setup mount configure assemble assembly\n"
    "plumber plumbing pipe leak tap faucet drain water\n"
    "electric electricity electrical power socket wiring current\n"
    "heating heater boiler radiator furnace thermostat warm\n"
    "roof gutter tile attic loft\n"
    "paint painting wall colour color decorate\n"
    "tool drill hammer screwdriver saw wrench\n"
    "wood timber carpenter carpentry plank lumber\n"
    "garden yard lawn backyard gardening\n"
    "plant seed sow grow seedling flower blossom\n"
    "vegetable tomato carrot potato bean lettuce produce\n"
    "fruit apple pear berry orange strawberry cherry\n"
    "tree shrub hedge branch prune pruning\n"
    "weather rain storm snow wind forecast temperature climate\n"
    "car automobile vehicle auto motor sedan\n"
    "bicycle bike cycling cycle cyclist\n"
    "train railway rail station platform\n"
    "plane flight airplane airport airline fly boarding\n"
    "ship boat ferry sail sailing harbour harbor\n"
    "bus tram metro subway transit commute\n"
    "drive driving driver road highway motorway licence\n"
    "tyre tire wheel brake puncture\n"
    "engine motor oil gearbox mechanic garage\n"
    "fuel petrol gas gasoline diesel charging\n"
    "travel trip journey voyage tour vacation holiday\n"
    "hotel hostel lodging accommodation room stay booking\n"
    "passport visa border customs identity\n"
    "ticket fare reservation booking reserve\n"
    "luggage suitcase baggage backpack packing\n"
    "beach sea ocean coast shore seaside\n"
    "mountain hill hike hiking trail peak climb climbing summit\n"
    "camping tent camp outdoors campsite\n"
    "city town urban municipal\n"
    "map route direction navigation\n"
    "doctor physician medic practitioner clinician\n"
    "hospital clinic ward surgery emergency\n"
    "medicine medication drug pill tablet prescription pharmacy dose\n"
    "illness disease sickness sick ill infection ailment\n"
    "cold flu cough fever sore throat\n"
    "pain ache hurt sore headache migraine\n"
    "dentist dental tooth teeth filling\n"
    "eye vision glasses optician sight\n"
    "heart blood pressure pulse cardiac\n"
    "allergy allergic pollen hay reaction\n"
    "vaccine vaccination jab immunisation immunization shot\n"
    "exercise workout gym fitness training sport\n"
    "run running jog jogging marathon race\n"
    "swim swimming pool lap\n"
    "diet nutrition calorie weight healthy eating\n"
    "food meal dish cuisine eat\n"
    "recipe cook bake ingredients baking\n"
    "bread loaf dough flour sourdough yeast\n"
    "cake dessert pastry sweet pie biscuit cookie\n"
    "soup stew broth\n"
    "meat beef pork chicken lamb\n"
    "fish salmon tuna seafood\n"
    "drink beverage tea coffee juice\n"
    "wine beer alcohol whisky\n"
    "breakfast lunch dinner supper\n"
    "restaurant cafe diner bistro\n"
    "baby infant newborn toddler\n"
    "child kid children son daughter\n"
    "parent mother father mom dad mum\n"
    "family relative grandmother grandfather aunt uncle cousin grandparent ancestor\n"
    "wife husband spouse partner\n"
    "wedding marriage married bride groom\n"
    "birthday party celebration celebrate anniversary\n"
    "gift present surprise\n"
    "funeral death died died burial grief\n"
    "friend buddy pal companion\n"
    "dog puppy canine hound\n"
    "cat kitten feline\n"
    "pet animal vet veterinary veterinarian\n"
    "bird nest feather\n"
    "insect bee wasp ant mosquito\n"
    "school class pupil classroom teacher lesson\n"
    "university college student campus degree lecture\n"
    "exam test quiz grade marks\n"
    "study learn learning education course\n"
    "homework assignment essay coursework\n"
    "language english french german spanish vocabulary grammar translate translation\n"
    "book novel reading read author library\n"
    "poem poetry verse rhyme\n"
    "story tale fiction narrative\n"
    "news newspaper article press journalist\n"
    "write writing writer draft manuscript\n"
    "letter mail post envelope postal stamp\n"
    "email inbox message correspondence\n"
    "phone telephone mobile smartphone call\n"
    "meeting conference discussion minutes agenda\n"
    "job career employment occupation position vacancy\n"
    "resume cv application applicant candidate interview hiring\n"
    "boss manager supervisor chief director\n"
    "colleague coworker team staff employee\n"
    "company business firm enterprise corporation\n"
    "customer client buyer consumer\n"
    "project plan planning milestone roadmap\n"
    "deadline due schedule calendar date appointment\n"
    "report summary overview analysis findings\n"
    "presentation slides talk speech keynote\n"
    "idea thought notion brainstorm\n"
    "problem issue trouble difficulty error\n"
    "question ask answer reply\n"
    "complaint complain refund dissatisfied unhappy warranty guarantee\n"
    "delivery shipping parcel package courier shipment\n"
    "computer laptop pc desktop machine\n"
    "software program app application code\n"
    "programming developer coding source compile bug debug\n"
    "password login credential passphrase authentication\n"
    "backup copy archive restore recovery\n"
    "disk drive storage ssd hdd\n"
    "network wifi router internet wireless broadband\n"
    "server hosting cloud\n"
    "website web page site browser\n"
    "database table query sql record\n"
    "picture photo photograph image snapshot photography camera\n"
    "video film movie cinema clip footage\n"
    "music song melody tune album\n"
    "guitar piano violin instrument chord\n"
    "concert gig band orchestra performance\n"
    "game play player chess board\n"
    "football soccer goal match league\n"
    "art drawing sketch artist painter sculpture\n"
    "museum exhibition gallery exhibit\n"
    "craft knit knitting sew sewing yarn fabric\n"
    "clothes clothing garment dress shirt coat jacket outfit\n"
    "shoe boot sneaker footwear\n"
    "furniture chair table desk sofa couch shelf\n"
    "laundry wash washing detergent\n"
    "clean cleaning tidy dust vacuum\n"
    "trash garbage rubbish waste recycling bin\n"
    "fire smoke alarm burn flame\n"
    "police crime theft stolen burglar robbery\n"
    "law legal lawyer attorney court judge solicitor\n"
    "vote election politician parliament government politics\n"
    "will inheritance testament heir estate\n"
    "key lock door\n"
    "window glass pane curtain blind\n"
    "light lamp bulb lighting\n"
    "battery charger rechargeable\n"
    "solar panel renewable energy\n"
    "meter consumption usage reading kwh\n"
    "price cost expensive cheap expense fee\n"
    "cancel terminate termination quit end stop\n"
    "subscription membership renew renewal\n"
    "donate donation charity volunteer\n"
    "history past ancient historical war\n"
    "science research experiment laboratory scientist study\n"
    "measurement measure sensor data\n"
    "math mathematics equation algebra calculus theorem\n"
    "physics quantum particle energy\n"
    "chemistry chemical reaction molecule compound acid\n"
    "biology cell gene dna organism\n"
    "star planet telescope astronomy galaxy moon space\n"
    "brain neuron neural cognitive memory\n"
    "happy joy glad cheerful delighted\n"
    "sad unhappy sorrow depressed gloomy\n"
    "angry anger furious annoyed\n"
    "afraid fear scared anxious anxiety worry\n"
    "tired exhausted fatigue sleepy insomnia\n"
    "begin start commence launch\n"
    "finish complete end conclude done\n"
    "big large huge great enormous\n"
    "small little tiny compact\n"
    "fast quick rapid speed\n"
    "slow sluggish delay late\n"
    "old elderly aged ageing\n"
    "new recent modern latest\n"
    "noise loud sound quiet silence\n"
    "wedding ceremony\n"
    "morning dawn sunrise\n"
    "evening night dusk sunset\n"
    "summer winter spring autumn season\n"
    "neighbour neighbor neighbourhood neighborhood\n"
    "church mosque temple religion prayer faith\n"
    "country nation state abroad foreign\n"
    "move moving relocate relocation removal\n"
    "measure size dimension length width height\n"
    "list checklist todo task reminder\n"
    "instruction manual guide handbook howto directions\n";

struct Table {
  std::unordered_map<std::string_view, std::vector<std::uint16_t>> groups;
};

Table read_groups() {
  Table table;
  std::uint16_t number = 0;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < kGroups.size(); ++at) {
    if (kGroups[at] != ' ' && kGroups[at] != '\n') continue;
    auto& groups = table.groups[kGroups.substr(begin, at - begin)];
    if (groups.empty() || groups.back() != number) groups.push_back(number);
    if (kGroups[at] == '\n') ++number;
    begin = at + 1;
  }
  return table;
}

}  // namespace

std::span<const std::uint16_t> concepts_of(std::string_view word) {
  static const Table table = read_groups();
  const auto find = [&](std::string_view form) -> std::span<const std::uint16_t> {
    const auto found = table.groups.find(form);
    return found == table.groups.end() ? std::span<const std::uint16_t>() : std::span(found->second);
  };
  if (const auto groups = find(word); !groups.empty()) return groups;
  struct Ending {
    std::string_view from;
    std::string_view to;
  };
  static constexpr std::array<Ending, 8> kEndings{
      {{"ies", "y"}, {"ing", ""}, {"ing", "e"}, {"ed", ""}, {"ed", "e"}, {"es", ""}, {"s", ""}, {"er", ""}}};
  for (const Ending& ending : kEndings) {
    if (word.size() < ending.from.size() + 3 || !word.ends_with(ending.from)) continue;
    const std::string form = std::string(word.substr(0, word.size() - ending.from.size())) + std::string(ending.to);
    if (const auto groups = find(form); !groups.empty()) return groups;
  }
  return {};
}

}  // namespace atl::vector::internal
