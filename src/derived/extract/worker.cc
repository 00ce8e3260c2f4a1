// The worker's side.
#include "derived/extract/extractor.h"

namespace atl::extract {

int run_worker() {
  sandbox::Worker worker;
  worker.body = [](sandbox::Channel&) -> Result<void> { return {}; };
  return sandbox::work(worker);
}

}  // namespace atl::extract
