    (import "libc" "memory" (memory 1))
    (import "nn" "code" (func $code (param i32) (result i32)))
    (import "nn" "words" (func $words (param i32 i32)))
    (import "nn" "drop-error" (func $drop-error (param i32)))
    (import "nn" "new" (func $new (param i32 i32 i32 i32 i32) (result i32)))
    (import "nn" "dims" (func $dims (param i32 i32)))
    (import "nn" "ty" (func $ty (param i32) (result i32)))
    (import "nn" "data" (func $data (param i32 i32)))
    (import "nn" "drop-tensor" (func $drop-tensor (param i32)))
    (import "nn" "compute" (func $compute (param i32 i32 i32 i32)))
    (import "nn" "compute-again" (func $compute-again (param i32 i32 i32 i32)))
    (import "nn" "drop-context" (func $drop-context (param i32)))
    (import "nn" "init" (func $init (param i32 i32)))
    (import "nn" "load" (func $load (param i32 i32 i32 i32 i32)))
    (import "nn" "by-name" (func $by-name (param i32 i32 i32)))
    (import "nn" "drop-graph" (func $drop-graph (param i32)))
    (data (i32.const 0x100) "add")
    (data (i32.const 0x104) "say")
    (data (i32.const 0x108) "text")
    (data (i32.const 0x10c) "bad")
    (data (i32.const 0x110) "a")
    (data (i32.const 0x111) "b")
    (data (i32.const 0x112) "x")
    (data (i32.const 0x140) "\01\00\00\00")  ;; dims [1]
    (data (i32.const 0x150) "\00\00\80\3f")  ;; 1.0
    (data (i32.const 0x160) "\00\00\00\40")  ;; 2.0

    (global $left (mut i32) (i32.const 0))

    ;; A context of the model of this name.
    (func $open (param $name i32) (param $len i32) (result i32) (local $graph i32)
      (call $by-name (local.get $name) (local.get $len) (i32.const 0x10))
      (if (i32.load8_u (i32.const 0x10)) (then (unreachable)))
      (local.set $graph (i32.load (i32.const 0x14)))
      (call $init (local.get $graph) (i32.const 0x10))
      (if (i32.load8_u (i32.const 0x10)) (then (unreachable)))
      (call $drop-graph (local.get $graph))
      (i32.load (i32.const 0x14)))

    ;; An entry of compute's list.
    (func $name (param $at i32) (param $name i32) (param $len i32) (param $tensor i32)
      (i32.store (local.get $at) (local.get $name))
      (i32.store offset=4 (local.get $at) (local.get $len))
      (i32.store offset=8 (local.get $at) (local.get $tensor)))

    ;; Lets the test know of these bytes.
    (func $say (param $at i32) (param $len i32) (local $context i32)
      (local.set $context (call $open (i32.const 0x104) (i32.const 3)))
      (i32.store (i32.const 0x40) (local.get $len))
      (call $name (i32.const 0x50) (i32.const 0x108) (i32.const 4)
        (call $new (i32.const 0x40) (i32.const 1) (i32.const 4) (local.get $at) (local.get $len)))
      (call $compute (local.get $context) (i32.const 0x50) (i32.const 1) (i32.const 0x10))
      (if (i32.load8_u (i32.const 0x10)) (then (unreachable)))
      (call $drop-context (local.get $context)))

    ;; Lets it know of an error: its code, its words.
    (func $tell (param $error i32)
      (i32.store8 (i32.const 0x30) (call $code (local.get $error)))
      (call $say (i32.const 0x30) (i32.const 1))
      (call $words (local.get $error) (i32.const 0x30))
      (call $say (i32.load (i32.const 0x30)) (i32.load (i32.const 0x34)))
      (call $drop-error (local.get $error)))

    ;; Lets it know of a tensor: its type, its dims, its data.
    (func $show (param $tensor i32)
      (i32.store8 (i32.const 0x30) (call $ty (local.get $tensor)))
      (call $say (i32.const 0x30) (i32.const 1))
      (call $dims (local.get $tensor) (i32.const 0x30))
      (call $say (i32.load (i32.const 0x30)) (i32.shl (i32.load (i32.const 0x34)) (i32.const 2)))
      (call $data (local.get $tensor) (i32.const 0x30))
      (call $say (i32.load (i32.const 0x30)) (i32.load (i32.const 0x34))))

    ;; Runs, and lets it know of every output's name and tensor, or of the error.
    (func $run (param $context i32) (param $list i32) (param $count i32) (local $at i32) (local $left i32)
      (call $compute (local.get $context) (local.get $list) (local.get $count) (i32.const 0x20))
      (if (i32.load8_u (i32.const 0x20))
        (then (call $tell (i32.load (i32.const 0x24))))
        (else
          (local.set $at (i32.load (i32.const 0x24)))
          (local.set $left (i32.load (i32.const 0x28)))
          (loop $next
            (if (local.get $left) (then
              (call $say (i32.load (local.get $at)) (i32.load offset=4 (local.get $at)))
              (call $show (i32.load offset=8 (local.get $at)))
              (call $drop-tensor (i32.load offset=8 (local.get $at)))
              (local.set $at (i32.add (local.get $at) (i32.const 12)))
              (local.set $left (i32.sub (local.get $left) (i32.const 1)))
              (br $next)))))))

    (func $one (result i32)
      (call $new (i32.const 0x140) (i32.const 1) (i32.const 1) (i32.const 0x150) (i32.const 4)))
    (func $two (result i32)
      (call $new (i32.const 0x140) (i32.const 1) (i32.const 1) (i32.const 0x160) (i32.const 4)))

    (func $good
      (call $name (i32.const 0x200) (i32.const 0x110) (i32.const 1) (call $one))
      (call $name (i32.const 0x20c) (i32.const 0x111) (i32.const 1) (call $two))
      (call $run (call $open (i32.const 0x100) (i32.const 3)) (i32.const 0x200) (i32.const 2)))

    (func (export "run") (result i32)
      (call $by-name (i32.const 0x10c) (i32.const 3) (i32.const 0x10))
      (if (i32.load8_u (i32.const 0x10))
        (then (call $drop-error (i32.load (i32.const 0x14))) (call $good))
        (else (call $drop-graph (i32.load (i32.const 0x14))) (call $bad)))
      (i32.const 0))
