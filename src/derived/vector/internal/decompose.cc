#include "derived/vector/internal/decompose.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace atl::vector::internal {
namespace {

constexpr std::size_t kMore = 16;  // directions beyond those wanted, for accuracy
constexpr int kPowerIterations = 2;
constexpr int kSweepsMax = 30;
constexpr double kNegligible = 1e-9;  // of the greatest eigenvalue

using Matrix = std::vector<float>;  // row by row

// out = matrix * right
void multiply(const SparseMatrix& matrix, const Matrix& right, std::size_t width, Matrix& out) {
  out.assign(matrix.rows() * width, 0);
  for (std::size_t row = 0; row < matrix.rows(); ++row) {
    float* to = out.data() + row * width;
    for (std::size_t i = matrix.row_begins[row]; i < matrix.row_begins[row + 1]; ++i) {
      const float value = matrix.entries[i].value();
      const float* from = right.data() + matrix.entries[i].column() * width;
      for (std::size_t k = 0; k < width; ++k) to[k] += value * from[k];
    }
  }
}

// out = transposed matrix * right
void multiply_transposed(const SparseMatrix& matrix, const Matrix& right, std::size_t width, Matrix& out) {
  out.assign(matrix.columns * width, 0);
  for (std::size_t row = 0; row < matrix.rows(); ++row) {
    const float* from = right.data() + row * width;
    for (std::size_t i = matrix.row_begins[row]; i < matrix.row_begins[row + 1]; ++i) {
      const float value = matrix.entries[i].value();
      float* to = out.data() + matrix.entries[i].column() * width;
      for (std::size_t k = 0; k < width; ++k) to[k] += value * from[k];
    }
  }
}

// Products of all pairs of columns. Sums of a few rows in floats, all of them in doubles.
std::vector<double> gram(const Matrix& matrix, std::size_t width) {
  constexpr std::size_t rows_at_once = 64;
  const std::size_t rows = matrix.size() / width;
  std::vector<double> sums(width * width, 0);
  Matrix part(width * width);
  for (std::size_t begin = 0; begin < rows; begin += rows_at_once) {
    std::ranges::fill(part, 0.0F);
    for (std::size_t row = begin; row < std::min(rows, begin + rows_at_once); ++row) {
      const float* from = matrix.data() + row * width;
      for (std::size_t i = 0; i < width; ++i) {
        for (std::size_t k = 0; k <= i; ++k) part[i * width + k] += from[i] * from[k];
      }
    }
    for (std::size_t i = 0; i < part.size(); ++i) sums[i] += static_cast<double>(part[i]);
  }
  for (std::size_t i = 0; i < width; ++i) {
    for (std::size_t k = i + 1; k < width; ++k) sums[i * width + k] = sums[k * width + i];
  }
  return sums;
}

// matrix = matrix * vectors * diagonal(factors), of `kept` columns. Row by row in its own place: with as many rows as
// there are words a second matrix would be the most that learning takes.
void rotate(Matrix& matrix, std::size_t width, const std::vector<double>& vectors, const std::vector<double>& factors,
            std::size_t kept) {
  Matrix turn(width * kept);
  for (std::size_t i = 0; i < width; ++i) {
    for (std::size_t k = 0; k < kept; ++k) turn[i * kept + k] = static_cast<float>(vectors[i * width + k] * factors[k]);
  }
  const std::size_t rows = matrix.size() / width;
  Matrix turned(kept);
  for (std::size_t row = 0; row < rows; ++row) {
    std::ranges::fill(turned, 0.0F);
    for (std::size_t i = 0; i < width; ++i) {
      const float value = matrix[row * width + i];
      const float* from = turn.data() + i * kept;
      for (std::size_t k = 0; k < kept; ++k) turned[k] += value * from[k];
    }
    // No longer than the row was, so what comes behind is still whole.
    std::ranges::copy(turned, matrix.begin() + static_cast<std::ptrdiff_t>(row * kept));
  }
  matrix.resize(rows * kept);
}

// How many eigenvalues are more than rounding.
std::size_t meaningful(const std::vector<double>& values) {
  const double least = values.empty() ? 0 : std::max(values[0] * kNegligible, 1e-30);
  return static_cast<std::size_t>(std::ranges::count_if(values, [&](double value) { return value > least; }));
}

std::vector<double> inverse_roots(const std::vector<double>& values, std::size_t count) {
  std::vector<double> factors;
  for (std::size_t i = 0; i < count; ++i) factors.push_back(1 / std::sqrt(values[i]));
  return factors;
}

// Makes it the same space, with columns of length 1 that are at right angles; fewer of them where it has fewer
// directions.
void make_orthonormal(Matrix& matrix, std::size_t& width) {
  std::vector<double> products = gram(matrix, width);
  std::vector<double> values;
  std::vector<double> vectors;
  eigenvectors(products, width, values, vectors);
  const std::size_t kept = meaningful(values);
  rotate(matrix, width, vectors, inverse_roots(values, kept), kept);
  width = kept;
}

float random_normal(std::uint64_t key) {  // nearly: the sum of four even ones
  std::uint64_t x = key * 0x9E37'79B9'7F4A'7C15;
  x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
  x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EB;
  x ^= x >> 31;
  float sum = 0;
  for (int i = 0; i < 4; ++i) sum += static_cast<float>((x >> (16 * i)) & 0xFFFFU) / 65536.0F - 0.5F;
  return sum;
}

}  // namespace

void eigenvectors(std::vector<double>& matrix, std::size_t size, std::vector<double>& values,
                  std::vector<double>& vectors) {
  std::vector<double> turned(size * size, 0);  // eigenvectors as rows, so that a rotation works on whole rows
  for (std::size_t i = 0; i < size; ++i) turned[i * size + i] = 1;
  double all = 0;
  for (const double number : matrix) all += number * number;
  for (int sweep = 0; sweep < kSweepsMax; ++sweep) {
    double off = 0;
    for (std::size_t p = 0; p < size; ++p) {
      for (std::size_t q = 0; q < p; ++q) off += matrix[p * size + q] * matrix[p * size + q];
    }
    if (off <= all * 1e-24) break;
    for (std::size_t p = 0; p + 1 < size; ++p) {
      for (std::size_t q = p + 1; q < size; ++q) {
        const double apq = matrix[p * size + q];
        const double app = matrix[p * size + p];
        const double aqq = matrix[q * size + q];
        if (std::abs(apq) <= 1e-18 * std::sqrt(std::abs(app * aqq)) || apq == 0) continue;
        const double theta = (aqq - app) / (2 * apq);
        const double t = (theta >= 0 ? 1.0 : -1.0) / (std::abs(theta) + std::sqrt(theta * theta + 1));
        const double c = 1 / std::sqrt(t * t + 1);
        const double s = t * c;
        for (std::size_t k = 0; k < size; ++k) {
          const double kp = matrix[p * size + k];
          const double kq = matrix[q * size + k];
          matrix[p * size + k] = c * kp - s * kq;
          matrix[q * size + k] = s * kp + c * kq;
        }
        // The matrix is symmetric: its columns p and q are its rows, turned from both sides in their four corners.
        for (std::size_t k = 0; k < size; ++k) {
          if (k == p || k == q) continue;
          matrix[k * size + p] = matrix[p * size + k];
          matrix[k * size + q] = matrix[q * size + k];
        }
        matrix[p * size + p] = app - t * apq;
        matrix[q * size + q] = aqq + t * apq;
        matrix[p * size + q] = 0;
        matrix[q * size + p] = 0;
        for (std::size_t k = 0; k < size; ++k) {
          const double vp = turned[p * size + k];
          const double vq = turned[q * size + k];
          turned[p * size + k] = c * vp - s * vq;
          turned[q * size + k] = s * vp + c * vq;
        }
      }
    }
  }
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return matrix[i * size + i]; });
  values.clear();
  vectors.assign(size * size, 0);
  for (std::size_t i = 0; i < size; ++i) {
    values.push_back(matrix[order[i] * size + order[i]]);
    for (std::size_t k = 0; k < size; ++k) vectors[k * size + i] = turned[order[i] * size + k];
  }
}

Result<Decomposition> decompose(const SparseMatrix& matrix, std::size_t rank, std::uint64_t seed,
                                const std::atomic<bool>* stop) {
  std::size_t width = std::min({rank + kMore, matrix.rows(), matrix.columns});
  Decomposition result;
  if (width == 0) return result;
  Matrix columns(matrix.columns * width);
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = random_normal(seed * 0x1'0000'0000 + i);
  Matrix rows;
  for (int iteration = 0; iteration <= kPowerIterations; ++iteration) {
    if (stop != nullptr && *stop) return fail(ErrorKind::interrupted, "learned.stopped", "learning was stopped");
    multiply(matrix, columns, width, rows);
    make_orthonormal(rows, width);
    if (width == 0) return result;
    multiply_transposed(matrix, rows, width, columns);
  }
  std::vector<double> products = gram(columns, width);
  std::vector<double> values;
  std::vector<double> vectors;
  eigenvectors(products, width, values, vectors);
  result.rank = std::min(rank, meaningful(values));
  rotate(columns, width, vectors, inverse_roots(values, result.rank), result.rank);
  result.directions = std::move(columns);
  for (std::size_t i = 0; i < result.rank; ++i) result.strengths.push_back(static_cast<float>(std::sqrt(values[i])));
  return result;
}

}  // namespace atl::vector::internal
