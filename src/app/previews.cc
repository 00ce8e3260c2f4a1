// atoll-previews: the readers of pictures, film, pages and models, started by atoll, locked in, told what to do over
// its standard input (foundation/sandbox). It lies beside atoll, or in ../lib/atoll; without it there are no previews.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "derived/render/render.h"

namespace {

// Tesseract and LibRaw ask for a number of threads by themselves, and get as many as OpenMP's environment allows, which
// is read when the program is loaded: so it is loaded once more where nothing was said. Returns where that was done.
void limit_threads(char** argv) {
  constexpr const char* kLimit = "OMP_THREAD_LIMIT";
  if (std::getenv(kLimit) != nullptr) return;
  ::setenv(kLimit, "1", 1);
  ::execv("/proc/self/exe", argv);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "pictures") == 0) {
    limit_threads(argv);
    return atl::render::run_pictures_worker();
  }
  if (argc == 3 && std::strcmp(argv[1], "text") == 0) {
    limit_threads(argv);
    return atl::render::run_text_worker(argv[2]);
  }
  std::fputs("atoll-previews is started by atoll and does nothing by itself.\n", stderr);
  return 2;
}
