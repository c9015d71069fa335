// A model run by OpenVINO on the CPU from its cache of compiled models, without Python.
//
// Usage: openvino DIRECTORY --input NAME=FILE.npy ... --threads N [--serve]
//
// DIRECTORY is what `python_openvino.py --prepare` made; a start that would have to compile is refused: it is not what
// is measured here. Same settings as there. Reads the .npy files that the bench writes (version 1, C order) and takes
// their dtype to be the model's: a length that does not fit is refused.

#include <openvino/openvino.hpp>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

using Input = std::pair<std::string, std::string>;

static void read_npy(const std::string &path, ov::Tensor tensor) {
    std::ifstream file(path, std::ios::binary);
    unsigned char start[10] = {};
    file.read(reinterpret_cast<char *>(start), sizeof start);
    if (!file || std::string(start + 1, start + 6) != "NUMPY" || start[6] != 1)
        throw std::runtime_error(path + " is not .npy of version 1");
    file.seekg(start[8] + 256 * start[9], std::ios::cur);
    file.read(static_cast<char *>(tensor.data()), static_cast<std::streamsize>(tensor.get_byte_size()));
    if (!file || file.peek() != EOF) throw std::runtime_error(path + " has not the length that the model expects");
}

static std::string npy(const ov::Tensor &tensor) {
    if (tensor.get_element_type() != ov::element::f32) throw std::runtime_error("the first output is not f32");
    std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
    for (size_t dim : tensor.get_shape()) header += std::to_string(dim) + ",";
    header += ")}";
    // Magic, version and length take 10 bytes, a newline ends the header, and the data starts at a multiple of 64.
    header.append(63 - (header.size() + 10) % 64, ' ') += '\n';
    const char length[] = {static_cast<char>(header.size() % 256), static_cast<char>(header.size() / 256)};
    return std::string("\x93NUMPY\x01\x00", 8).append(length, 2) + header
           + std::string(static_cast<const char *>(tensor.data()), tensor.get_byte_size());
}

static uint64_t digest(const ov::Tensor &tensor) {
    uint64_t sum = 0xcbf29ce484222325;
    const auto *words = static_cast<const uint32_t *>(tensor.data());
    for (size_t index = 0; index < tensor.get_byte_size() / 4; index++) sum = (sum ^ words[index]) * 0x100000001b3;
    return sum;
}

static int answer(int count, char **words) {
    if (count < 2) throw std::runtime_error("DIRECTORY is missing");
    const std::string directory = words[1];
    std::vector<Input> inputs;
    int threads = 0;
    bool serve = false;
    for (int at = 2; at < count; at++) {
        const std::string word = words[at];
        if (word == "--serve") {
            serve = true;
            continue;
        }
        if (++at == count) throw std::runtime_error(word + " has no value");
        const std::string value = words[at];
        const size_t equals = value.find('=');
        if (word == "--threads") threads = std::stoi(value);
        else if (word != "--input" || equals == std::string::npos) throw std::runtime_error("unknown option " + word);
        else inputs.emplace_back(value.substr(0, equals), value.substr(equals + 1));
    }
    if (threads < 1) throw std::runtime_error("--threads N is missing");

    ov::Core core;
    auto model = core.compile_model(directory + "/model.xml", "CPU", ov::cache_dir(directory + "/cache"),
                                    ov::inference_num_threads(threads), ov::hint::inference_precision(ov::element::f32),
                                    ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY));
    if (!model.get_property(ov::loaded_from_cache))
        throw std::runtime_error(directory + " is not prepared: run python_openvino.py --prepare");
    auto request = model.create_infer_request();
    for (const auto &[name, path] : inputs) read_npy(path, request.get_tensor(name));
    const auto output = request.get_output_tensor(0);
    if (!serve) {
        request.infer();
        std::cout << npy(output) << std::flush;
        return 0;
    }
    std::cout << "ready" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        request.infer();
        std::cout << std::hex << digest(output) << std::endl;
    }
    return 0;
}

int main(int count, char **words) {
    try {
        // No tear-down: the answer is out, and the kernel takes back the rest.
        _exit(answer(count, words));
    } catch (const std::exception &error) {
        std::cerr << "openvino: " << error.what() << std::endl;
        _exit(1);
    }
}
