//! Colours on paper; the same as HTML in light.

use abide_policy::Severity;

use crate::document::{NoticeKind, Tone, Verdict};
use crate::render::scene::Ink;

/// Red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rgb(pub(super) u8, pub(super) u8, pub(super) u8);

const fn hex(code: u32) -> Rgb {
    let [_, red, green, blue] = code.to_be_bytes();
    Rgb(red, green, blue)
}

pub(super) const TEXT: Rgb = hex(0x1c_2126);
pub(super) const MUTED: Rgb = hex(0x57_606a);
pub(super) const LINE: Rgb = hex(0xd4_d9df);
pub(super) const PANEL: Rgb = hex(0xf1_f3f5);
pub(super) const LINK: Rgb = hex(0x0b_57a4);
const WHITE: Rgb = hex(0xff_ffff);

pub(super) fn of(ink: Ink) -> Rgb {
    match ink {
        Ink::Text => TEXT,
        Ink::Muted => MUTED,
        Ink::Grid => LINE,
        Ink::Gap => hex(0xe7_e2ee),
        Ink::Tone(tone) => of_tone(tone),
        Ink::On(Tone::Verdict(Verdict::Excepted | Verdict::NotApplicable)) => TEXT,
        Ink::On(_) => WHITE,
    }
}

fn of_tone(tone: Tone) -> Rgb {
    match tone {
        Tone::Plain(number) => hex(match number % 4 {
            0 => 0x25_63a8,
            1 => 0x0f_766e,
            2 => 0x8a_3ea8,
            _ => 0x6b_5b2e,
        }),
        Tone::Verdict(verdict) => hex(match verdict {
            Verdict::Pass => 0x1b_7440,
            Verdict::Fail => 0xb3_261e,
            Verdict::Excepted => 0xe2_a610,
            Verdict::Unknown | Verdict::Incomplete => 0x6f_42b0,
            Verdict::NotApplicable => 0xc3_cad1,
            Verdict::NotScanned | Verdict::NotTested => 0x8a_939c,
        }),
        Tone::Severity(severity) => hex(match severity {
            Severity::Critical => 0x7d_1128,
            Severity::High => 0xc2_410c,
            Severity::Medium => 0xdc_a214,
            Severity::Low => 0x4a_78a8,
        }),
    }
}

/// Behind the word of a verdict, and the word.
pub(super) fn badge(verdict: Verdict) -> (Rgb, Rgb) {
    let (tint, word) = match verdict {
        Verdict::Pass => (0xe3_f3e8, 0x14_592f),
        Verdict::Fail => (0xfb_e6e4, 0x96_190f),
        Verdict::Excepted => (0xfd_f1cf, 0x68_4a00),
        Verdict::Unknown | Verdict::Incomplete => (0xef_e7fa, 0x57_2e94),
        Verdict::NotApplicable | Verdict::NotScanned | Verdict::NotTested => (0xec_eff2, 0x41_4a53),
    };
    (hex(tint), hex(word))
}

pub(super) fn severity(severity: Severity) -> Rgb {
    hex(match severity {
        Severity::Critical => 0x7d_1128,
        Severity::High => 0x9a_3412,
        Severity::Medium => 0x68_4a00,
        Severity::Low => 0x2f_5680,
    })
}

/// Beside a notice and behind it.
pub(super) fn notice(kind: NoticeKind) -> (Rgb, Rgb) {
    let (bar, tint) = match kind {
        NoticeKind::Note => (0x25_63a8, 0xf1_f3f5),
        NoticeKind::Warning => (0xe2_a610, 0xfd_f1cf),
        NoticeKind::Problem => (0xb3_261e, 0xfb_e6e4),
    };
    (hex(bar), hex(tint))
}
