//! A failure on a device is an error to the one request that it is about: the next one, and other models, are served.

use blink_runtime::{FailureClass, LaunchError};

use crate::inside::{inside, log};
use crate::networks::{answer, compile, failed, launcher, network, one_network, rows, started};
use crate::support::Folder;
use crate::support::cuda::Machine;

/// `small.blink`, and `large.blink` with more than 4 MiB of weights.
fn two_sizes() -> Folder {
    let folder = Folder::new();
    compile(&folder, "small", &network(96, 1), "");
    compile(&folder, "large", &network(8192, 2), "");
    folder
}

#[test]
fn a_budget_that_is_too_small_says_so() {
    inside("failures::a_budget_that_is_too_small_says_so", Machine::with_onnx_runtime, || {
        // Not even for the first small model.
        match launcher().with_device_memory(100).start_device(0) {
            Err(LaunchError::Device { ordinal: 0, message, .. }) => {
                assert!(message.contains("device memory that the worker may hold: it holds 0 of 100"), "{message}");
            }
            other => panic!("{other:?}"),
        }
        // For one model and not for another.
        let (folder, launcher) = (two_sizes(), launcher().with_device_memory(3 << 20));
        let mut small = started(&launcher, &folder, "small.blink");
        let expected = answer(&mut small, &rows(3)).expect("it runs");
        let mut large = started(&launcher, &folder, "large.blink");
        for _ in 0..2 {
            let (class, message) = failed(large.wait_ready());
            assert_eq!(class, FailureClass::DeviceMemory, "{message}");
            assert!(message.contains("of 3145728"), "{message}");
        }
        drop(large);
        assert_eq!(answer(&mut small, &rows(3)).expect("it runs"), expected);
        drop(small);
        // The weights of the small one, which sleeps, did not give way for what could not be.
        let mut small = started(&launcher, &folder, "small.blink");
        assert!(small.device().expect("facts").expect("a device").weights_were_there);
        assert_eq!(launcher.counts().devices_lost, 0);
    });
}

#[test]
fn a_run_too_large_for_the_device_fails_alone() {
    inside("failures::a_run_too_large_for_the_device_fails_alone", Machine::with_onnx_runtime, || {
        let (folder, launcher) = (one_network(), launcher().with_device_memory(8 << 20));
        let mut worker = started(&launcher, &folder, "net.blink");
        let mut other = started(&launcher, &folder, "net.blink");
        let expected = answer(&mut worker, &rows(3)).expect("it runs");
        // Too large already as an input, and only as what comes out of the first product.
        for count in [60_000, 16_000, 60_000] {
            let before = log();
            let (class, message) = failed(answer(&mut worker, &rows(count)));
            assert_eq!(class, FailureClass::DeviceMemory, "{message}");
            assert!(message.contains("do not fit in the device memory"), "{message}");
            // Nothing is computed at an address that was not given.
            let run = log().after(&before);
            assert_eq!((run.count("gemm"), run.kernels().len()), (0, 0), "{run:?}");
            assert_eq!(run.count("copy to-device"), usize::from(count == 16_000), "{run:?}");
            assert_eq!(answer(&mut worker, &rows(3)).expect("it runs"), expected);
            assert_eq!(answer(&mut other, &rows(3)).expect("it runs"), expected);
        }
        assert_eq!(launcher.counts().devices_lost, 0);
    });
}

#[test]
fn a_device_that_others_have_filled_fails_one_request() {
    let small = || Machine::with_onnx_runtime().memory(4 << 20);
    inside("failures::a_device_that_others_have_filled_fails_one_request", small, || {
        let (folder, launcher) = (two_sizes(), launcher().with_device_memory(1 << 30));
        let mut large = started(&launcher, &folder, "large.blink");
        let (class, message) = failed(large.wait_ready());
        assert_eq!(class, FailureClass::DeviceMemory, "{message}");
        assert!(message.contains("device has no room for") && message.contains("of 4194304 are free"), "{message}");
        let mut small = started(&launcher, &folder, "small.blink");
        let expected = answer(&mut small, &rows(3)).expect("it runs");
        let (class, message) = failed(answer(&mut small, &rows(60_000)));
        assert_eq!(class, FailureClass::DeviceMemory, "{message}");
        assert_eq!(answer(&mut small, &rows(3)).expect("it runs"), expected);
    });
}

#[test]
fn a_copy_that_fails_is_made_again() {
    // The first two are the first small model's.
    let machine = || Machine::with_onnx_runtime().failing("cuMemcpyHtoDAsync_v2", 1, 1);
    inside("failures::a_copy_that_fails_is_made_again", machine, || {
        let (folder, launcher) = (one_network(), launcher());
        let mut worker = started(&launcher, &folder, "net.blink");
        let (_, message) = failed(answer(&mut worker, &rows(3)));
        assert!(message.contains("cuMemcpyHtoDAsync") && message.contains("INVALID_VALUE"), "{message}");
        let mut worker = started(&launcher, &folder, "net.blink");
        answer(&mut worker, &rows(3)).expect("the second upload is a good one");
        assert_eq!(launcher.counts().devices_lost, 0);
    });
}

#[test]
fn a_product_that_fails_fails_its_run() {
    // Execution failed; the first product is the first small model's.
    let machine = || Machine::with_onnx_runtime().failing("cublasSgemm_v2", 3, 13);
    inside("failures::a_product_that_fails_fails_its_run", machine, || {
        let (folder, launcher) = (one_network(), launcher());
        let mut worker = started(&launcher, &folder, "net.blink");
        let (class, message) = failed(answer(&mut worker, &rows(3)));
        assert_eq!(class, FailureClass::Engine, "{message}");
        assert!(message.contains("CUBLAS_STATUS_EXECUTION_FAILED"), "{message}");
        let expected = answer(&mut worker, &rows(3)).expect("it runs");
        assert_eq!(answer(&mut started(&launcher, &folder, "net.blink"), &rows(3)).expect("it runs"), expected);
        assert_eq!(launcher.counts().devices_lost, 0);
    });
}
