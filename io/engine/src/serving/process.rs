#[cfg(unix)]
use std::time::Duration;

/// How much an engine steps back behind the sessions, whose audio must not stutter.
#[cfg(unix)]
const NICENESS: i32 = 5;
/// How often the parent is looked for. Its end usually shows at once by the closed pipe; this is for pipes that somebody
/// else still holds. (`PR_SET_PDEATHSIG` would fire too early: when the parent's spawning *thread* ends.)
#[cfg(unix)]
const PARENT_CHECK: Duration = Duration::from_secs(2);

/// Lowers the priority of the process, as far as the system allows.
pub fn step_back() {
    #[cfg(unix)]
    if let Err(error) = rustix::process::nice(NICENESS) {
        eprintln!("note: the priority could not be lowered: {error}");
    }
}

/// Ends the process when its parent is gone.
pub fn follow_parent() {
    #[cfg(unix)]
    {
        let parent = rustix::process::getppid();
        let watch = move || {
            while rustix::process::getppid() == parent {
                std::thread::sleep(PARENT_CHECK);
            }
            std::process::exit(0);
        };
        if let Err(error) = std::thread::Builder::new().name("parent".into()).spawn(watch) {
            eprintln!("note: the parent is not watched: {error}");
        }
    }
}

/// Says what is missing if the processor cannot run this build (x86-64-v3: AVX2, FMA, F16C, BMI2), instead of letting
/// the first such instruction kill the process.
#[cfg(target_arch = "x86_64")]
pub fn check_processor() -> Result<(), &'static str> {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    // `is_x86_feature_detected!` is no help: in a build with `target-cpu` it answers what the compiler assumed.
    if __cpuid(0).eax < 7 {
        return Err("this processor has no AVX2");
    }
    let (basic, extended) = (__cpuid(1).ecx, __cpuid_count(7, 0).ebx);
    let has = |register: u32, bit: u32| register >> bit & 1 == 1;
    let [fma, xsave_on, avx, f16c] = [12, 27, 28, 29].map(|bit| has(basic, bit));
    let [avx2, bmi2] = [5, 8].map(|bit| has(extended, bit));
    if fma && xsave_on && avx && f16c && avx2 && bmi2 {
        Ok(())
    } else {
        Err("this processor has no AVX2, FMA, F16C or BMI2")
    }
}

/// Other processors are compiled for as they are.
#[cfg(not(target_arch = "x86_64"))]
pub fn check_processor() -> Result<(), &'static str> {
    Ok(())
}
