#include <tuple>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <array>
#include <complex>
namespace a { template<class...T> struct P{}; template<int N, class T=char> struct A { template<class U> A(U); operator int*() const; template<class U> operator U(); ~A(); int operator[](int) const &; int f() &&; int m; }; 
template<int N,class T> template<class U> A<N,T>::A(U){} template<int N,class T> A<N,T>::operator int*() const{return 0;} template<int N,class T> template<class U> A<N,T>::operator U(){return U();} template<int N,class T> A<N,T>::~A(){} template<int N,class T> int A<N,T>::operator[](int) const &{return 1;} template<int N,class T> int A<N,T>::f()&&{return 2;}
enum E{X,Y=5}; template<E e> void ef(){} template<bool b> void bf(){} template<char c> void cf(){} template<void(*F)(int)> void ff(){} template<int A<1>::*M> void mf(){} void target(int){} template<long L> void lf(){} template<unsigned long long L> void ullf(){}
template<class...T> void pack(T...){} template<class...T> void pack2(P<T*...>, std::tuple<T...>){} template<class T> auto add(T x)->decltype(x+1){return x+1;} template<class T, class U> auto mul(T x, U y)->decltype(x*y+(x<y?1:2)){return x*y;}
template<class T> auto call(T x)->decltype(x.foo(1)){return x.foo(1);} template<class T> auto sz(T x)->std::array<int,sizeof(T)>{return {};} template<class...T> auto szp(T...x)->std::array<int,sizeof...(T)>{return {};} 
template<class T> typename std::enable_if<(sizeof(T)>2),int>::type gt(T){return 1;} template<class T> auto st(T x)->decltype(static_cast<long>(x)){return x;} template<class F> void fn(F f){} struct Foo{int foo(int){return 1;} static int s(Foo*);};
int (*retfp(int))(char){return 0;} int (&retar())[5]{static int a[5];return a;} void arr(int (*)[3], char const(&)[6]){} void cv(const volatile int*const*, int Foo::*, int (Foo::*)(int) const, void(*)(Foo&&,...)){}
void mp(void (Foo::*)() noexcept){} void ft(int(*)(void(*)(int),char)){} template<class R,class...A> void fsig(R(*)(A...)){} void ldbl(long double, __int128, unsigned __int128, char16_t, char32_t, wchar_t, decltype(nullptr), std::complex<float>){}
void vec(float __attribute__((vector_size(16)))){} template<template<class...> class TT> void tt(TT<int>){} template<double*p> void dp(){} double gd; Foo operator+(Foo a,Foo){return a;} Foo& operator<<(Foo&a,int){return a;} Foo operator""_x(unsigned long long){return Foo();} void* operator_new(){return 0;} }
namespace { struct Hid{ void go(){} template<class T> void t(T){} }; }
__attribute__((used)) void user(){ using namespace a; A<3> x(1); (void)(int*)x; double d=x; (void)d; x[1]; std::move(x).f(); ef<Y>(); ef<(E)7>(); bf<true>(); cf<'x'>(); ff<target>(); mf<&A<1>::m>(); lf<-3>(); ullf<7>(); pack(); pack(1,2.0,"x"); pack2(P<int*,char*>(),std::tuple<int,char>()); add(1); add(2.0); mul(1,2.5); call(Foo()); sz(1); szp(1,2); gt(1); st(1); auto l=[&](auto y, int z){ struct In{ void q(){} }; In().q(); return y; }; fn(l); l(1,2); l("s",3); fn([](){return [](){};}); fsig(target); fsig<void>(+[](){}); tt(std::unique_ptr<int>() ? P<int>() : P<int>()); dp<&gd>(); Foo f; f+f; f<<1; 1_x; retfp(1); retar(); Hid().go(); Hid().t(l); static int guard=user!=0; (void)guard; auto ll=[x](int) mutable { auto l2=[](long){ return 1;}; return l2(1);}; ll(1); std::function<void(std::function<int(a::Foo&, const std::string&)>)> ff2=[](std::function<int(a::Foo&,const std::string&)>){}; ff2(nullptr); }
void arrs(){ a::arr(0,"abcde"); a::cv(0,0,0,0); a::mp(0); a::ft(0); a::ldbl(0,0,0,0,0,0,nullptr,0); }
