// leak.rs: names of all kinds in either mangling, and a hundred vectors that site leaks.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{Debug, Display};

trait Named {
    fn name(&self) -> String;
}

trait Shape {
    fn grow<'a>(&'a self, by: &'a dyn Fn(u32) -> u32) -> Box<dyn Display + Send + 'a>;
}

struct Square<T, const N: usize>([T; N]);
impl<T: Debug + Copy + Send + Sync, const N: usize> Shape for Square<T, N> {
    #[inline(never)]
    fn grow<'a>(&'a self, by: &'a dyn Fn(u32) -> u32) -> Box<dyn Display + Send + 'a> {
        Box::new(format!("{:?} {}", self.0, by(N as u32)))
    }
}

mod inner {
    pub mod deep {
        use super::super::Named;

        #[inline(never)]
        pub fn each<T, F: FnMut(T) -> Vec<u8>>(items: Vec<T>, mut f: F) -> Vec<Vec<u8>> {
            items.into_iter().map(|item| f(item)).collect()
        }
        impl<T> Named for (T, &'static str) {
            #[inline(never)]
            fn name(&self) -> String {
                self.1.to_string()
            }
        }
        impl Named for unsafe extern "C" fn(*const i8, &mut [f64]) -> bool {
            #[inline(never)]
            fn name(&self) -> String {
                "c".to_string()
            }
        }
        impl Named for dyn for<'a> Fn(&'a str) -> &'a str {
            #[inline(never)]
            fn name(&self) -> String {
                "dyn".to_string()
            }
        }
    }
}

struct Flag<const B: bool, const C: char, const I: i64, const W: i128>;
impl<const B: bool, const C: char, const I: i64, const W: i128> Named for Flag<B, C, I, W> {
    #[inline(never)]
    fn name(&self) -> String {
        format!("{B} {C} {I} {W}")
    }
}

unsafe extern "C" fn foreign(_: *const i8, _: &mut [f64]) -> bool {
    true
}

#[inline(never)]
fn größe(n: usize) -> Vec<u8> {
    vec![1; n]
}

#[inline(never)]
fn site() -> Vec<u8> {
    Vec::with_capacity(4321)
}

fn main() {
    let mut map: HashMap<String, BTreeMap<i32, Option<Box<[u8]>>>> = HashMap::new();
    for i in 0..10 {
        map.entry(format!("{i}")).or_default().insert(i, Some(größe(i as usize).into_boxed_slice()));
    }
    println!("{}", Square::<u16, 3>([1, 2, 3]).grow(&|n| n * 2));
    println!("{:?}", inner::deep::each(vec![1u32, 2], |n| (move |m: u32| (n + m).to_string().into_bytes())(3)));
    println!("{} {}", (3i8, "pair").name(), Flag::<true, 'ä', -5, { i128::MIN }>.name());
    println!("{}", (foreign as unsafe extern "C" fn(*const i8, &mut [f64]) -> bool).name());
    let whole: Box<dyn for<'a> Fn(&'a str) -> &'a str> = Box::new(|text| &text[1..]);
    println!("{} {}", whole.name(), whole("abc"));
    std::thread::spawn(move || println!("{}", map.len())).join().unwrap();
    let kept: Vec<Vec<u8>> = (0..100).map(|_| site()).collect();
    println!("{}", kept.len());
    std::mem::forget(kept);
}
