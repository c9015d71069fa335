//! The picture that stands alone, shown by Chromium as a file of its own.

use crate::browser::{self, Scheme};
use crate::made_up;
use crate::support::Folder;

#[test]
fn the_picture_is_laid_out() {
    let folder = Folder::new();
    made_up::full().write(&folder.path("full.json")).expect("the folder can be written to");
    made_up::near().write(&folder.path("near.json")).expect("the folder can be written to");
    folder.blink("bench report full.json near.json -o picture.svg").ok();
    let svg = String::from_utf8(folder.read("picture.svg")).expect("text");
    assert!(svg.starts_with("<svg ") && svg.contains("xmlns=\"http://www.w3.org/2000/svg\""), "{svg}");
    let Some(browser) = browser::browser() else { return };
    // As a page's own element it can be looked into; as wide as a phone, its text can still be read.
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta name=\"viewport\" content=\"width=device-width\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <style>body {{ margin: 8px; background: var(--paper) }} h1 {{ color: var(--ink) }} \
         svg {{ max-width: 100%; height: auto }}</style></head>\
         <body><main><h1>Picture</h1>{svg}</main></body></html>"
    );
    for scheme in [Scheme::Light, Scheme::Dark] {
        let (layouts, console) = browser::layouts(browser, &html, scheme);
        assert_eq!(console, Vec::<String>::new(), "{scheme:?}");
        for layout in layouts {
            assert_eq!(layout.faults, Vec::<String>::new(), "{} wide, {scheme:?}", layout.width);
            browser::keep(browser, &html, "picture", (layout.width, layout.length), scheme);
            assert_eq!((layout.plots, layout.dark), (1, scheme == Scheme::Dark));
        }
    }
}
