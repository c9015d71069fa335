//! The processor: its class, its name, and the features that ONNX Runtime's kernels are chosen by.
//!
//! Features count only where the operating system saves their registers too, as it does for the kernels themselves.

use blink_artifact::target::HostClass;

/// The class whose graphs this machine runs.
pub fn class() -> HostClass {
    #[cfg(target_arch = "x86_64")]
    {
        if std::is_x86_feature_detected!("avx512f") {
            HostClass::X86_64Avx512
        } else if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
            HostClass::X86_64Avx2
        } else {
            HostClass::X86_64
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        if std::arch::is_aarch64_feature_detected!("neon") { HostClass::Aarch64Neon } else { HostClass::Aarch64 }
    }
}

/// The features that decide which kernels run, comma-separated in a fixed order: `sse4.1,avx,avx2,fma,...`.
///
/// Machines of one class that differ here may choose other kernels, and so round differently. Arm's SME is not
/// listed: Rust cannot detect it yet.
pub fn features_fingerprint() -> String {
    let present: Vec<_> = features().into_iter().filter_map(|(name, present)| present.then_some(name)).collect();
    present.join(",")
}

macro_rules! detected {
    ($detect:ident: $($name:tt),+ $(,)?) => { vec![$(($name, std::arch::$detect!($name))),+] };
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<(&'static str, bool)> {
    let mut features = detected!(is_x86_feature_detected:
        "sse4.1", "avx", "avx2", "fma", "avxvnni", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512vnni",
        "avx512bf16", "avx512fp16",
    );
    let [int8, bf16] = amx();
    features.extend([("amx-int8", int8), ("amx-bf16", bf16)]);
    features
}

#[cfg(target_arch = "aarch64")]
fn features() -> Vec<(&'static str, bool)> {
    detected!(is_aarch64_feature_detected: "neon", "fp16", "dotprod", "i8mm", "bf16", "sve", "sve2")
}

/// Whether AMX has its int8 and bf16 products, and the operating system has its tiles enabled.
#[cfg(target_arch = "x86_64")]
fn amx() -> [bool; 2] {
    use std::arch::x86_64::__cpuid_count;

    const EXTENDED_FEATURES: u32 = 7;
    const SAVED_STATE: u32 = 0xd;
    const TILE_DATA: u32 = 18;
    // Every processor with AMX has AVX-512, and with it both leaves that are read here.
    if !std::is_x86_feature_detected!("avx512f") {
        return [false; 2];
    }
    let features = __cpuid_count(EXTENDED_FEATURES, 0).edx;
    let bit = |bit: u32| features >> bit & 1 == 1;
    if !bit(24) {
        return [false; 2];
    }
    // The save area covers what the system has enabled: the tiles are, where they lie inside it.
    let tiles = __cpuid_count(SAVED_STATE, TILE_DATA);
    let end = tiles.ebx.saturating_add(tiles.eax);
    let enabled = tiles.eax > 0 && end <= __cpuid_count(SAVED_STATE, 0).ebx;
    [enabled && bit(25), enabled && bit(22)]
}

/// The processor's name as its maker writes it; `unknown` where nothing tells.
pub fn cpu_model() -> String {
    model().filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(target_arch = "x86_64")]
fn model() -> Option<String> {
    use std::arch::x86_64::__cpuid;

    const BRAND: std::ops::RangeInclusive<u32> = 0x8000_0002..=0x8000_0004;
    if __cpuid(0x8000_0000).eax < *BRAND.end() {
        return None;
    }
    let registers = BRAND.map(__cpuid).flat_map(|leaf| [leaf.eax, leaf.ebx, leaf.ecx, leaf.edx]);
    let bytes: Vec<u8> = registers.flat_map(u32::to_le_bytes).take_while(|&byte| byte != 0).collect();
    Some(String::from_utf8_lossy(&bytes).split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(all(target_arch = "aarch64", target_os = "macos"))]
fn model() -> Option<String> {
    super::sysctl("machdep.cpu.brand_string")
}

#[cfg(all(target_arch = "aarch64", not(target_os = "macos")))]
fn model() -> Option<String> {
    parse_arm_model(&super::read(std::path::Path::new("/proc/cpuinfo"))?)
}

/// Arm's kernels publish the maker's and the part's numbers, not a name.
#[cfg(any(test, all(target_arch = "aarch64", not(target_os = "macos"))))]
fn parse_arm_model(cpuinfo: &str) -> Option<String> {
    let field = |name: &str| {
        let pairs = cpuinfo.lines().filter_map(|line| line.split_once(':'));
        pairs.map(|(key, value)| (key.trim(), value.trim())).find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    if let Some(name) = field("model name") {
        return Some(name.to_owned());
    }
    Some(format!("Arm implementer {} part {}", field("CPU implementer")?, field("CPU part")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_and_fingerprint_agree() {
        let fingerprint = features_fingerprint();
        let has = |name: &str| fingerprint.split(',').any(|feature| feature == name);
        match class() {
            HostClass::X86_64Avx512 => assert!(has("avx512f"), "{fingerprint}"),
            HostClass::X86_64Avx2 => assert!(has("avx2") && has("fma") && !has("avx512f"), "{fingerprint}"),
            HostClass::X86_64 => assert!(!(has("avx512f") || has("avx2") && has("fma")), "{fingerprint}"),
            HostClass::Aarch64Neon => assert!(has("neon"), "{fingerprint}"),
            HostClass::Aarch64 => assert!(!has("neon"), "{fingerprint}"),
        }
        assert_eq!(fingerprint, features_fingerprint());
    }

    #[cfg(target_os = "linux")]
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn features_and_model_are_those_the_kernel_lists() {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").expect("Linux publishes the processor");
        let line = |name: &str| cpuinfo.lines().find(|line| line.starts_with(name)).expect("a field");
        let flags: Vec<_> = line("flags").split_whitespace().collect();
        for (name, present) in features() {
            // The kernel spells some of them with an underscore.
            let flag = match name {
                "sse4.1" => "sse4_1",
                "avxvnni" => "avx_vnni",
                "avx512vnni" => "avx512_vnni",
                "avx512bf16" => "avx512_bf16",
                "avx512fp16" => "avx512_fp16",
                "amx-int8" => "amx_int8",
                "amx-bf16" => "amx_bf16",
                name => name,
            };
            assert_eq!(flags.contains(&flag), present, "{name}");
        }
        let (_, model) = line("model name").split_once(':').expect("a value");
        assert_eq!(cpu_model(), model.split_whitespace().collect::<Vec<_>>().join(" "));
    }

    #[test]
    fn arm_models_are_named_by_number_where_the_kernel_gives_no_name() {
        let graviton =
            "processor\t: 0\nBogoMIPS\t: 243.75\nCPU implementer\t: 0x41\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\n";
        assert_eq!(parse_arm_model(graviton).as_deref(), Some("Arm implementer 0x41 part 0xd0c"));
        let named = "processor\t: 0\nmodel name\t: ARMv7 Processor rev 3 (v7l)\nCPU implementer\t: 0x41\n";
        assert_eq!(parse_arm_model(named).as_deref(), Some("ARMv7 Processor rev 3 (v7l)"));
        assert_eq!(parse_arm_model("processor : 0"), None);
    }
}
