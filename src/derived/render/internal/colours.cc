#include "derived/render/internal/colours.h"

#include <lcms2.h>

#include <memory>
#include <type_traits>

namespace atl::render {
namespace {

constexpr std::size_t kProfileBytesMax = 8U << 20U;

struct CloseProfile {
  void operator()(void* profile) const { ::cmsCloseProfile(profile); }
};
struct DeleteTransform {
  void operator()(void* transform) const { ::cmsDeleteTransform(transform); }
};
using Profile = std::unique_ptr<std::remove_pointer_t<cmsHPROFILE>, CloseProfile>;
using Transform = std::unique_ptr<std::remove_pointer_t<cmsHTRANSFORM>, DeleteTransform>;

}  // namespace

void to_srgb(Picture& picture, ByteView profile) {
  if (profile.empty() || profile.size() > kProfileBytesMax) return;
  const Profile from(::cmsOpenProfileFromMem(profile.data(), static_cast<cmsUInt32Number>(profile.size())));
  if (!from || ::cmsGetColorSpace(from.get()) != cmsSigRgbData) return;
  const Profile to(::cmsCreate_sRGBProfile());
  if (!to) return;
  const Transform transform(
      ::cmsCreateTransform(from.get(), TYPE_RGBA_8, to.get(), TYPE_RGBA_8, INTENT_PERCEPTUAL, cmsFLAGS_COPY_ALPHA));
  if (!transform) return;
  ::cmsDoTransform(transform.get(), picture.pixels.data(), picture.pixels.data(), picture.width * picture.height);
}

}  // namespace atl::render
