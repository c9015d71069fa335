//! Devices that models run on, and what models have of them. A server without devices has none of these lines.

use blink_runtime::DeviceFacts;

use super::text::{Kind, Labels, Text};
use super::{Named, View};
use crate::devices::DeviceView;

pub(super) fn write(text: &mut Text, view: &View, models: &[Named<'_>]) {
    if view.devices.is_empty() {
        return;
    }
    let labels = |device: &DeviceView| Labels::new(&[("device", &format!("cuda:{}", device.ordinal))]);
    let help = "Whether the device came up at the server's start.";
    let mut usable = text.family("blink_device_usable", Kind::Gauge, help);
    for device in &view.devices {
        usable.line(&labels(device), u8::from(device.is_usable));
    }
    let told = || view.devices.iter().filter_map(|device| Some((labels(device), device.memory?)));
    let help =
        "Memory of a device, as a model on it told it last: held by models, of that asleep, the most there may be.";
    let mut memory = text.family("blink_device_memory_bytes", Kind::Gauge, help);
    for (labels, stats) in told() {
        for (kind, bytes) in [("held", stats.held), ("asleep", stats.asleep), ("most", stats.most)] {
            memory.line(&labels.and("kind", kind), bytes);
        }
    }
    let help = "Weights of models asleep that had to give way, since the device came up.";
    let mut evictions = text.family("blink_device_evictions_total", Kind::Counter, help);
    for (labels, stats) in told() {
        evictions.line(&labels, stats.evicted);
    }
    let help = "How often a device had to be brought up again, as its process had ended.";
    text.one("blink_devices_lost_total", Kind::Counter, help, view.devices_lost);

    let help = "Memory of a device that workers have: weights, which a model's workers share, and arenas.";
    let mut bytes = text.family("blink_worker_device_bytes", Kind::Gauge, help);
    for Named { labels, served } in models {
        let facts = || served.workers.iter().filter_map(|worker| worker.device.as_ref());
        if let Some(weights) = facts().map(|facts: &DeviceFacts| facts.weights).max() {
            bytes.line(&labels.and("kind", "weights"), weights);
            bytes.line(&labels.and("kind", "arena"), facts().map(|facts| facts.arena).fold(0, u64::saturating_add));
        }
    }
}
