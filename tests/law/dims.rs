//! `--set-dim` fixes a symbolic size in the artifact: answers stay those of the model, other sizes are refused.

use blink_artifact::manifest::Dim;
use blink_examples::bert::Bert;
use blink_examples::resnet50::{self, ResNet};
use blink_runtime::Model;

use crate::plain;
use crate::support::Folder;
use crate::support::files::Named;

#[test]
fn a_fixed_batch_changes_no_answer() {
    let folder = Folder::new();
    let onnx = folder.model("resnet.onnx", &ResNet::tiny().model());
    folder.blink("compile resnet.onnx -o resnet.blink --set-dim batch=2").ok();
    let model = Model::open(folder.path("resnet.blink")).expect("it was made for this host");
    assert_eq!(model.record().inputs[0].dims, Some([2, 3, 32, 32].map(Dim::Fixed).to_vec()));
    assert_eq!(model.record().outputs[0].dims, Some([2, 10].map(Dim::Fixed).to_vec()));
    assert_eq!(model.record().provenance.set_dims, [("batch".to_owned(), 2)]);
    let two: Named = vec![("input".to_owned(), resnet50::images(2, 32, 3))];
    let reference = plain::answer(&onnx, model.record(), 1, &two);
    assert!(plain::agree(&reference, &plain::artifact_answer(&model, 1, &two)));
    assert_eq!(reference.get(0).shape(), [2, 10]);

    let three: Named = vec![("input".to_owned(), resnet50::images(3, 32, 3))];
    let arguments = folder.inputs(&three);
    folder.blink(&format!("run resnet.blink {arguments}")).refused(2).names(&[
        "'input'",
        "[3, 3, 32, 32]",
        "[2, 3, 32, 32]",
    ]);
}

#[test]
fn one_of_several_sizes_can_be_fixed() {
    let (folder, bert) = (Folder::new(), Bert::tiny());
    let onnx = folder.model("bert.onnx", &bert.model());
    folder.blink("compile bert.onnx -o bert.blink --set-dim sequence=8 --target portable").ok();
    let model = Model::open(folder.path("bert.blink")).expect("it was made for this host");
    let dims = Some(vec![Dim::Symbolic("batch".to_owned()), Dim::Fixed(8)]);
    assert!(model.record().inputs.iter().all(|input| input.dims == dims));
    for batch in [1, 3] {
        let given = bert.inputs(batch, 8, 1);
        let reference = plain::answer(&onnx, model.record(), 1, &given);
        assert!(plain::agree(&reference, &plain::artifact_answer(&model, 1, &given)), "{batch}");
    }
    let arguments = folder.inputs(&bert.inputs(1, 9, 1));
    folder.blink(&format!("run bert.blink {arguments}")).refused(2).names(&["'input_ids'", "[1, 9]", "[batch, 8]"]);
}
