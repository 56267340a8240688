// Memory that the host fills and a device reads, and the mixing of views.
#include "internal.h"

#include <ATen/Parallel.h>

#include <array>

using namespace ct;

namespace {

constexpr int64_t channels = 3;
// Normalized values of a channel, by its 8-bit one.
using Table = std::array<std::array<float, 256>, channels>;

Table normalized(const double mean[channels], const double deviation[channels]) {
    Table table;
    for (int64_t c = 0; c < channels; ++c) {
        const auto m = static_cast<float>(mean[c]), d = static_cast<float>(deviation[c]);
        for (int value = 0; value < 256; ++value) {
            table[c][value] = (static_cast<float>(value) / 255 - m) / d;
        }
    }
    return table;
}

// One row of a member and of its partner: both results need the same two values.
void mix_row(const Table &table, float lambda, float rest, const uint8_t *own,
             const uint8_t *partner, int64_t width, float *own_out, float *partner_out) {
    for (int64_t x = 0; x < width * channels; x += channels) {
        for (int64_t c = 0; c < channels; ++c) {
            const float a = table[c][own[x + c]], b = table[c][partner[x + c]];
            own_out[x + c] = lambda * a + rest * b;
            partner_out[x + c] = lambda * b + rest * a;
        }
    }
}

void normalize_row(const Table &table, const uint8_t *pixels, int64_t width, float *out) {
    for (int64_t x = 0; x < width * channels; x += channels) {
        for (int64_t c = 0; c < channels; ++c) { out[x + c] = table[c][pixels[x + c]]; }
    }
}

// In one pass over the pixels. The middle member of an odd group is its own partner.
at::Tensor mix_on_cpu(const at::Tensor &pixels, const Table &table, double lambda,
                      const int64_t *box) {
    const int64_t members = pixels.size(0), height = pixels.size(1), width = pixels.size(2);
    auto out = at::empty({members, channels, height, width},
                         at::dtype(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast));
    const auto *source = static_cast<const uint8_t *>(pixels.const_data_ptr());
    auto *target = static_cast<float *>(out.mutable_data_ptr());
    const int64_t row = width * channels, image = height * row;
    const auto share = static_cast<float>(lambda), rest = static_cast<float>(1 - lambda);
    at::parallel_for(0, (members + 1) / 2 * height, 8, [&](int64_t begin, int64_t end) {
        for (int64_t index = begin; index < end; ++index) {
            const int64_t i = index / height, y = index % height, j = members - 1 - i;
            const uint8_t *own = source + i * image + y * row, *partner = source + j * image + y * row;
            float *own_out = target + i * image + y * row, *partner_out = target + j * image + y * row;
            if (box == nullptr && lambda != 1) {
                mix_row(table, share, rest, own, partner, width, own_out, partner_out);
                continue;
            }
            normalize_row(table, own, width, own_out);
            normalize_row(table, partner, width, partner_out);
            if (box != nullptr && y >= box[1] && y < box[1] + box[3]) {
                const int64_t from = box[0] * channels;
                normalize_row(table, partner + from, box[2], own_out + from);
                normalize_row(table, own + from, box[2], partner_out + from);
            }
        }
    });
    return out;
}

// The same from libtorch's operations, in place where they can be, for a device on which only its
// kernels run.
at::Tensor mix_on_device(const at::Tensor &pixels, const double mean[channels],
                         const double deviation[channels], double lambda, const int64_t *box) {
    // Filled there: a copy from the host would wait for all that the device is still to do.
    const auto channel = [&](const double values[channels]) {
        auto row = at::empty({1, channels, 1, 1}, at::dtype(at::kFloat).device(pixels.device()));
        for (int64_t c = 0; c < channels; ++c) { row.select(1, c).fill_(values[c]); }
        return row;
    };
    auto images = pixels.permute({0, 3, 1, 2}).to(at::kFloat);
    images.div_(255).sub_(channel(mean)).div_(channel(deviation));
    if (box == nullptr && lambda == 1) { return images; }
    auto partner = images.flip({0});
    if (box == nullptr) { return images.mul_(lambda).add_(partner.mul_(1 - lambda)); }
    images.narrow(2, box[1], box[3]).narrow(3, box[0], box[2]).copy_(
        partner.narrow(2, box[1], box[3]).narrow(3, box[0], box[2]));
    return images;
}

}  // namespace

int32_t ct_host_buffer(int64_t count, bool pinned, ct_tensor **out, void **bytes, char **error) {
    return guarded(error, [&] {
        if (pinned) { device(CT_CUDA, 0); }
        auto tensor = at::empty({count}, at::dtype(at::kByte).pinned_memory(pinned));
        *bytes = tensor.mutable_data_ptr();
        *out = wrap(std::move(tensor));
    });
}

int32_t ct_mix_views(const ct_tensor *pixels, const double mean[3], const double deviation[3],
                     double lambda, const int64_t box[4], ct_tensor **out, char **error) {
    return guarded(error, [&] {
        const auto &source = get(pixels);
        TORCH_CHECK(source.dim() == 4 && source.size(3) == channels && source.is_contiguous()
                        && source.scalar_type() == at::kByte,
                    "expected contiguous uint8 pixels [N, H, W, 3]");
        TORCH_CHECK(box == nullptr
                        || (box[0] >= 0 && box[1] >= 0 && box[2] >= 0 && box[3] >= 0
                            && box[0] + box[2] <= source.size(2)
                            && box[1] + box[3] <= source.size(1)),
                    "the box lies outside the images");
        *out = wrap(source.is_cpu()
                        ? mix_on_cpu(source, normalized(mean, deviation), lambda, box)
                        : mix_on_device(source, mean, deviation, lambda, box));
    });
}
