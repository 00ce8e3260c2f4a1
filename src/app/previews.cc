// atoll-previews: the readers of pictures, film, pages and models, started by atoll, locked in, told what to do over
// its standard input (foundation/sandbox). It lies beside atoll, or in ../lib/atoll; without it there are no previews.
#include <cstdio>
#include <cstring>

#include "derived/render/render.h"

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "pictures") == 0) return atl::render::run_pictures_worker();
  if (argc == 3 && std::strcmp(argv[1], "text") == 0) return atl::render::run_text_worker(argv[2]);
  std::fputs("atoll-previews is started by atoll and does nothing by itself.\n", stderr);
  return 2;
}
