#include "derived/vector/vector_index.h"

#include "derived/vector/testing/test_vectors.h"
#include "foundation/json/json.h"

namespace atl::vector {
namespace {

using namespace testing;  // NOLINT
using platform::SeededRandom;
using platform::TestMachine;

constexpr auto kAll = [](DocumentId) { return true; };

SearchRequest ask(const Vector& question, std::size_t limit = 10) {
  SearchRequest request;
  request.vector = question;
  request.limit = limit;
  return request;
}

std::vector<Hit> hits_of(const VectorIndex& index, const SearchRequest& request) {
  auto result = index.search(request);
  EXPECT_TRUE(result.has_value()) << result.error().message;
  return result ? result->hits : std::vector<Hit>();
}

void fill(VectorIndex& index, Model& model, DocumentId from, DocumentId to, std::size_t dimension, SeededRandom& random,
          std::uint64_t clusters = 50) {
  for (DocumentId id = from; id < to; ++id) {
    model[id] = {random_vector(random, dimension, clusters)};
    expect_ok(index.put(id, joined(model[id])));
  }
}

double mean_recall(const VectorIndex& index, const Model& model, std::size_t dimension, std::uint32_t width,
                   SeededRandom& random, std::uint64_t clusters = 50) {
  double sum = 0;
  constexpr int questions = 50;
  for (int i = 0; i < questions; ++i) {
    const Vector question = random_vector(random, dimension, clusters);
    SearchRequest request = ask(question);
    request.width = width;
    sum += recall(hits_of(index, request), exact(model, question, 10, true, kAll));
  }
  return sum / questions;
}

TEST(VectorIndex, ASmallIndexAnswersExactlyAtOnceAndAfterOpening) {
  TestMachine machine;
  const Config config = test_config(24);
  auto index = must_open(machine, config);
  SeededRandom random(1);
  Model model;
  for (DocumentId id = 0; id < 200; ++id) {
    for (std::uint64_t part = random.below(4); part > 0; --part) model[id].push_back(random_vector(random, 24));
    expect_ok(index->put(id, joined(model[id])));
  }
  const auto check = [&](const VectorIndex& one) {
    for (int i = 0; i < 30; ++i) {
      const Vector question = random_vector(random, 24);
      for (const bool per_document : {true, false}) {
        SearchRequest request = ask(question, 7);
        request.one_per_document = per_document;
        const auto found = one.search(request);
        expect_ok(found);
        EXPECT_TRUE(found->exact);
        const auto expected = exact(model, question, 7, per_document, kAll);
        ASSERT_EQ(found->hits.size(), expected.size());
        for (std::size_t k = 0; k < expected.size(); ++k) {
          EXPECT_NEAR(found->hits[k].similarity, expected[k].similarity, 1e-3);
        }
        EXPECT_GE(recall(found->hits, expected), 0.85);
      }
    }
  };
  check(*index);
  expect_ok(index->flush(as_bytes("one")));
  check(*index);
  index = must_open(machine, config);
  EXPECT_EQ(to_string(index->state()), "one");
  check(*index);
  expect_ok(index->verify());
  const auto vectors = index->vectors_of(model.begin()->first);
  expect_ok(vectors);
  EXPECT_EQ(vectors->size(), model.begin()->second.size() * 24);
}

TEST(VectorIndex, TheGraphFindsWhatAnExactSearchFindsAndMoreWithAGreaterWidth) {
  TestMachine machine;
  const Config config = test_config(48);
  auto index = must_open(machine, config);
  SeededRandom random(2);
  Model model;
  fill(*index, model, 0, 6000, 48, random);
  while (index->maybe_build().value()) {
  }
  EXPECT_EQ(index->stats().in_graph, 6000U);
  SeededRandom questions(77);
  const double narrow = mean_recall(*index, model, 48, 40, questions);
  const double usual = mean_recall(*index, model, 48, 64, questions);
  const double wide = mean_recall(*index, model, 48, 400, questions);
  EXPECT_GE(usual, 0.95);
  EXPECT_GE(wide, 0.995);
  EXPECT_GE(wide, narrow);
  const auto result = index->search(ask(model[5][0]));
  EXPECT_FALSE(result->exact);
  EXPECT_LT(result->compared, 3000U);
  EXPECT_EQ(result->hits.at(0).document, 5U);
  // The same after an opening, from the graph's file.
  expect_ok(index->flush({}));
  index = must_open(machine, config);
  EXPECT_EQ(index->stats().in_graph, 6000U);
  EXPECT_GE(mean_recall(*index, model, 48, 64, questions), 0.95);
  expect_ok(index->verify());
}

TEST(VectorIndex, OfAnyShapeWithinItsLimitsAndNoOther) {
  SeededRandom random(3);
  for (const std::uint32_t dimension : {1U, 3U, 384U, 768U, 1024U, 4096U}) {
    TestMachine machine;
    auto index = must_open(machine, test_config(dimension));
    Model model;
    fill(*index, model, 0, 60, dimension, random);
    expect_ok(index->build_all());
    expect_ok(index->flush({}));
    index = must_open(machine, test_config(dimension));
    const auto hits = hits_of(*index, ask(model[17][0], 1));
    ASSERT_EQ(hits.size(), 1U);
    EXPECT_NEAR(hits[0].similarity, 1, 1e-3);
    if (dimension > 1) {
      EXPECT_EQ(index->put(1, Vector(dimension + 1, 1)).error().id, "vector.dimension");
    }
    EXPECT_EQ(index->search(ask(Vector(dimension + 1, 1))).error().id, "vector.dimension");
  }
  TestMachine machine;
  EXPECT_EQ(open_index(machine, test_config(0)).error().id, "vector.config");
  EXPECT_EQ(open_index(machine, test_config(4097)).error().id, "vector.config");
}

TEST(VectorIndex, BytesAVectorStayWithinOneAndAHalfKibibyteAt1024Dimensions) {
  TestMachine machine;
  auto index = must_open(machine, test_config(1024));
  SeededRandom random(3);
  Model model;
  fill(*index, model, 0, 4096, 1024, random);
  expect_ok(index->flush({}));
  EXPECT_LE(index->stats().memory_bytes / 4096, 1536U);
}

TEST(VectorIndex, AnotherDimensionEmbedderOrShapeIsRefusedAndNothingIsLost) {
  TestMachine machine;
  expect_ok(must_open(machine, test_config(8))->flush(as_bytes("x")));
  Config other = test_config(9);
  EXPECT_EQ(open_index(machine, other).error().id, "vector.config_changed");
  other = test_config(8);
  other.embedder = "test/2";
  EXPECT_EQ(open_index(machine, other).error().id, "vector.config_changed");
  other = test_config(8);
  other.links = 16;
  EXPECT_EQ(open_index(machine, other).error().id, "vector.config_changed");
  EXPECT_EQ(to_string(must_open(machine, test_config(8))->state()), "x");
}

TEST(VectorIndex, VectorsWithoutDirectionAreRefused) {
  TestMachine machine;
  auto index = must_open(machine, test_config(3));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Vector& vector : {Vector{0, 0, 0}, Vector{1, nan, 0}, Vector{INFINITY, 0, 0}}) {
    EXPECT_FALSE(has_direction(vector));
    EXPECT_EQ(index->put(1, vector).error().id, "vector.no_direction");
    EXPECT_EQ(index->search(ask(vector)).error().id, "vector.no_direction");
  }
  EXPECT_TRUE(has_direction(Vector{0, 1e-20F, 0}));
  expect_ok(index->put(1, Vector{0, 1e-20F, 0}));
  EXPECT_NEAR(hits_of(*index, ask({0, 5, 0})).at(0).similarity, 1, 1e-3);
}

TEST(VectorIndex, NarrowFiltersAreExactAndBroadOnesFindNearlyAll) {
  TestMachine machine;
  auto index = must_open(machine, test_config(32));
  SeededRandom random(4);
  Model model;
  fill(*index, model, 0, 8000, 32, random);
  expect_ok(index->build_all());
  for (const std::uint64_t one_in : {2U, 3U, 10U, 100U, 2000U, 20'000U}) {
    std::vector<DocumentId> only;
    for (const auto& [id, parts] : model) {
      if (random.one_in(one_in)) only.push_back(id);
    }
    double sum = 0;
    for (int i = 0; i < 30; ++i) {
      const Vector question = random_vector(random, 32);
      SearchRequest request = ask(question);
      request.only = only;
      const auto result = index->search(request);
      expect_ok(result);
      const auto expected =
          exact(model, question, 10, true, [&](DocumentId id) { return std::ranges::binary_search(only, id); });
      ASSERT_EQ(result->hits.size(), expected.size()) << one_in;
      for (const Hit& hit : result->hits) ASSERT_TRUE(std::ranges::binary_search(only, hit.document));
      sum += recall(result->hits, expected);
      if (one_in >= 10) {
        EXPECT_TRUE(result->exact) << one_in;
        EXPECT_GE(recall(result->hits, expected), 0.9);
      }
    }
    EXPECT_GE(sum / 30, 0.95) << one_in;
  }
  SearchRequest request = ask(model[0][0]);
  request.only = std::span<const DocumentId>();
  EXPECT_TRUE(hits_of(*index, request).empty());
  const std::vector<DocumentId> twice{4, 4};
  request.only = twice;
  EXPECT_EQ(index->search(request).error().id, "vector.filter_order");
}

TEST(VectorIndex, WhatIsRemovedOrReplacedIsFoundNoMoreAndTheGraphIsMended) {
  TestMachine machine;
  const Config config = test_config(32);
  auto index = must_open(machine, config);
  SeededRandom random(5);
  Model model;
  fill(*index, model, 0, 6000, 32, random);
  expect_ok(index->build_all());
  const auto check = [&] {
    SeededRandom questions(8);
    EXPECT_EQ(index->stats().vectors, model.size());
    EXPECT_GE(mean_recall(*index, model, 32, 64, questions), 0.94);
  };
  // A whole neighbourhood goes, and others here and there.
  const Vector centre = model[1][0];
  for (const Hit& hit : exact(model, centre, 1500, true, kAll)) {
    model.erase(hit.document);
    expect_ok(index->remove(hit.document));
  }
  for (DocumentId id = 0; id < 6000; id += 7) {
    model.erase(id);
    expect_ok(index->remove(id));
  }
  check();
  EXPECT_GT(index->stats().removed, 2000U);
  expect_ok(index->flush({}));
  index = must_open(machine, config);
  check();
  EXPECT_TRUE(index->maybe_build().value());
  EXPECT_EQ(index->stats().removed, 0U);
  EXPECT_EQ(index->stats().in_graph, model.size());
  check();
  fill(*index, model, 100, 300, 32, random);
  check();
  index = must_open(machine, config);
  EXPECT_EQ(index->stats().removed, 0U);
  for (auto& [id, parts] : model) expect_ok(index->remove(id));
  model.clear();
  EXPECT_TRUE(index->maybe_build().value());
  EXPECT_EQ(index->stats().vectors, 0U);
  EXPECT_TRUE(hits_of(*index, ask(centre)).empty());
  fill(*index, model, 0, 50, 32, random);
  check();
}

TEST(VectorIndex, ManyPartsOfFewDocumentsStillGiveDifferentDocuments) {
  TestMachine machine;
  auto index = must_open(machine, test_config(16));
  SeededRandom random(6);
  Model model;
  const Vector topic = random_vector(random, 16);
  for (DocumentId id = 0; id < 40; ++id) {
    for (int part = 0; part < 200; ++part) {
      Vector vector = topic;
      for (float& number : vector) number += random_number(random) * 0.1F * static_cast<float>(1 + id);
      model[id].push_back(vector);
    }
    expect_ok(index->put(id, joined(model[id])));
  }
  expect_ok(index->build_all());
  const auto hits = hits_of(*index, ask(topic));
  EXPECT_EQ(hits.size(), 10U);
  EXPECT_GE(recall(hits, exact(model, topic, 10, true, kAll)), 0.7);
}

TEST(VectorIndex, TheRoundingFollowsVectorsOfAnotherKind) {
  TestMachine machine;
  const Config config = test_config(64);
  auto index = must_open(machine, config);
  SeededRandom random(7);
  Model model;
  // Most of each vector stands in a few numbers, then in many: the greatest numbers become half as great, and back.
  const auto put_kind = [&](DocumentId from, DocumentId to, std::size_t strong) {
    for (DocumentId id = from; id < to; ++id) {
      Vector vector = random_vector(random, 64, 20);
      for (std::size_t i = 0; i < strong; ++i) vector[i] *= 12;
      model[id] = {vector};
      expect_ok(index->put(id, vector));
    }
  };
  const auto check = [&] {
    SeededRandom questions(9);
    double sum = 0;
    for (int i = 0; i < 40; ++i) {
      const Vector& question = model.at(questions.below(model.size()))[0];
      sum += recall(hits_of(*index, ask(question)), exact(model, question, 10, true, kAll));
    }
    EXPECT_GE(sum / 40, 0.97);
  };
  put_kind(0, 3000, 0);
  expect_ok(index->build_all());
  expect_ok(index->flush({}));
  check();
  put_kind(3000, 6000, 3);
  EXPECT_TRUE(index->maybe_build().value());  // rounded anew
  expect_ok(index->build_all());
  check();
  put_kind(0, 6000, 0);
  expect_ok(index->build_all());
  check();
  expect_ok(index->flush({}));
  index = must_open(machine, config);
  check();
}

TEST(VectorIndex, ManySmallFlushesBecomeFewFiles) {
  TestMachine machine;
  const Config config = test_config(8);
  auto index = must_open(machine, config);
  SeededRandom random(8);
  Model model;
  for (DocumentId id = 0; id < 300; ++id) {
    fill(*index, model, id, id + 1, 8, random);
    expect_ok(index->flush(as_bytes(std::to_string(id))));
    if (id % 20 == 0) {
      while (index->maybe_build().value()) {
      }
    }
  }
  while (index->maybe_build().value()) {
  }
  EXPECT_LE(machine.files.all_paths("*.vectors").size(), 10U);
  index = must_open(machine, config);
  EXPECT_EQ(to_string(index->state()), "299");
  EXPECT_EQ(index->stats().vectors, 300U);
  for (DocumentId id = 0; id < 300; id += 13) {
    EXPECT_NEAR(hits_of(*index, ask(model[id][0], 1)).at(0).similarity, 1, 1e-3);
  }
  expect_ok(index->verify());
}

TEST(VectorIndex, AFullBufferIsFlushedByItself) {
  TestMachine machine;
  Options options = small_options();
  options.buffer_bytes_max = 64 * kKiB;
  auto index = must_open(machine, test_config(64), options);
  expect_ok(index->flush(as_bytes("state")));
  SeededRandom random(9);
  Model model;
  EXPECT_FALSE(index->wants_flush());
  fill(*index, model, 0, 400, 64, random);
  EXPECT_TRUE(index->wants_flush());
  fill(*index, model, 400, 2000, 64, random);
  EXPECT_LE(index->stats().unflushed, 520U);
  EXPECT_EQ(to_string(index->state()), "state");
}

TEST(VectorIndex, AReaderOpensBesideAWriterAndChangesNothing) {
  TestMachine machine;
  const Config config = test_config(8);
  auto nothing = open_index(machine, config, small_options(), false);
  expect_ok(nothing);
  EXPECT_TRUE(machine.files.all_paths().empty());
  EXPECT_EQ((*nothing)->put(1, Vector(8, 1)).error().id, "vector.read_only");
  EXPECT_EQ((*nothing)->maybe_build().error().id, "vector.read_only");
  auto index = must_open(machine, config);
  expect_ok(index->put(1, Vector(8, 1)));
  expect_ok(index->flush({}));
  auto reader = must_open(machine, config, small_options(), false);
  EXPECT_EQ(hits_of(*reader, ask(Vector(8, 2))).size(), 1U);
}

TEST(VectorIndex, WithoutTheKeyNothingOpens) {
  TestMachine machine;
  const Config config = test_config(4);
  auto index = must_open(machine, config);
  expect_ok(index->put(1, Vector{1, 2, 3, 4}));
  expect_ok(index->flush({}));
  const auto open = [&](std::uint8_t key, std::uint8_t vault, codec::SealSuite suite) {
    Options options;
    options.suite = suite;
    return VectorIndex::open(machine.machine(), kFolder, test_key(key), test_vault(vault), config, options, true);
  };
  EXPECT_EQ(open(8, 3, codec::SealSuite::aes256gcm).error().kind, ErrorKind::damaged);
  EXPECT_EQ(open(7, 4, codec::SealSuite::aes256gcm).error().kind, ErrorKind::damaged);
  EXPECT_EQ(open(7, 3, codec::SealSuite::none).error().kind, ErrorKind::damaged);
  expect_ok(open(7, 3, codec::SealSuite::aes256gcm));
  expect_ok(VectorIndex::remove_all(machine.machine(), kFolder));
  EXPECT_TRUE(machine.files.all_paths().empty());
}

TEST(VectorIndex, ReadableFilesSayWhatIsInIt) {
  TestMachine machine;
  auto index = must_open(machine, test_config(4));
  expect_ok(index->put(10, Vector{1, 0, 0, 0, 0, 1, 0, 0}));
  expect_ok(index->put(11, Vector{0, 0, 1, 0}));
  expect_ok(index->flush({}));
  expect_ok(index->put(12, Vector{0, 0, 0, 1}));
  expect_ok(index->remove(11));
  expect_ok(index->export_readable("/out/main"));
  const Bytes npy = machine.files.content("/out/main/vectors.npy");
  ASSERT_EQ(npy.size(), 128U + 4 * 4 * 2);
  EXPECT_EQ(as_text(ByteView(npy).first(6)), "\x93NUMPY");
  EXPECT_NE(as_text(npy).find("{'descr': '<f2', 'fortran_order': False, 'shape': (4, 4), }"), std::string_view::npos);
  EXPECT_EQ(load_le<std::uint16_t>(npy.data() + 128), 0x3C00);
  const auto mapping = json::Value::parse(as_text(machine.files.content("/out/main/id_mapping.json")));
  expect_ok(mapping);
  ASSERT_EQ(mapping->as_array()->size(), 4U);
  EXPECT_EQ(mapping->as_array()->at(1).number_of("document").value(), 10U);
  EXPECT_EQ(mapping->as_array()->at(1).number_of("part").value(), 1U);
  EXPECT_TRUE(mapping->as_array()->at(2).is_null());
  const auto config = json::Value::parse(as_text(machine.files.content("/out/main/config.json")));
  expect_ok(config);
  EXPECT_EQ(config->number_of("M").value(), 32U);
  EXPECT_EQ(config->number_of("ef_construction").value(), 200U);
  EXPECT_EQ(config->text_of("metric").value(), "cosine");
}

}  // namespace
}  // namespace atl::vector
