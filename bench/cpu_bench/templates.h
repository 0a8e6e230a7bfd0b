// templates.h: deep C++ stacks.
long templates_work(long seed);
