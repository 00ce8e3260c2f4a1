// In place of the table that the build makes of web/, where the program is built without the page.
#include "edge/web/assets.h"

namespace atl::web {

std::span<const Asset> built_assets() { return {}; }

}  // namespace atl::web
