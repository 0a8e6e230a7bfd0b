# table.awk: the tables of bench/merge from its results, "VARIANT WHAT VALUE", sorted by value.
{
    key = $1 " " $2
    count[key]++
    value[key, count[key]] = $3
}
function low(variant, what) { return ((variant " " what) in count) ? value[variant " " what, 1] : 0 }
function median(variant, what,   n) {
    n = count[variant " " what]
    return n ? value[variant " " what, int((n + 1) / 2)] : 0
}
function ratio(variant, base, what) { return low(variant, what) && low(base, what) ? sprintf("%.2f", low(variant, what) / low(base, what)) : "-" }
function medians(variant, base, what) { return median(base, what) ? sprintf("%.2f", median(variant, what) / median(base, what)) : "-" }
function ms(variant, what) { return low(variant, what) ? sprintf("%.2f", low(variant, what) / 1e6) : "-" }
function mb(variant, what) { return low(variant, what) ? sprintf("%.0f", low(variant, what) / 1e6) : "-" }
function row(name, figure, unit, goal, peer, peer_figure) {
    printf "%s\t%s\t%s\t%s\t%s\t%s\n", name, figure, unit, goal, peer, peer_figure >tsv
}
function delta_table(gz, goal, title,   i, f, ours, limit, fast) {
    ours = "ours" gz; limit = "limit" gz; fast = "fastdelta" gz
    printf "\n%s; ratio of minima to the limit (goal %s)\n\n", title, goal
    printf "%10s  %10s %11s %10s %10s %10s %10s\n", "", "limit, ms", "A/A control", "cmemprof", "of medians", "fastdelta", gz ? "" : "v1.43.1"
    for (i = 1; i <= files; i++) {
        f = file[i]
        printf "%10s  %10s %11s %10s %10s %10s %10s\n", f, ms(limit, f), ratio(limit "-again", limit, f), ratio(ours, limit, f),
            medians(ours, limit, f), ratio(fast, limit, f), gz ? "" : ratio("v1delta", limit, f)
        row("delta" (gz ? " gz" : "") " " f ", A/A control", ratio(limit "-again", limit, f), "ratio", "", "", "")
        row("delta" (gz ? " gz" : "") " " f, ratio(ours, limit, f), "ratio", goal, "fastdelta", ratio(fast, limit, f))
        if (!gz) row("delta " f ", v1.43.1", "", "ratio", "", "dd-trace-go v1.43.1", ratio("v1delta", limit, f))
    }
}
BEGIN {
    samples["1k"] = 1000; samples["10k"] = 10000; samples["100k"] = 100000
    row("name", "value", "unit", "goal", "peer", "peer value")
}
END {
    files = split(names, file, " ")
    merged = split(merges, merge, " ")
    printf "CPU time, minima of %d rounds\n", rounds
    delta_table("", "<= 3", "delta, raw to raw; limit: one varint pass and memcpy")
    delta_table("-gz", "<= 1.5", "delta, gzip to gzip, level 1; limit: inflate, pass, memcpy, deflate 1 with libdeflate")

    printf "\nmerge, gzip to gzip; limit: inflate and decode each input, deflate the result at level 1 (goal <= 2)\n\n"
    printf "%10s  %10s %11s %10s %12s   %14s %14s\n", "", "limit, ms", "A/A control", "cmemprof", "google/pprof", "peak, MB", "google/pprof"
    for (i = 1; i <= merged; i++) {
        m = merge[i]
        printf "%10s  %10s %11s %10s %12s   %14s %14s\n", m, ms("limit-merge", m), ratio("limit-merge-again", "limit-merge", m),
            ratio("ours-merge", "limit-merge", m), ratio("pprof-merge", "limit-merge", m), mb("ours-peak", m), mb("pprof-peak", m)
        row("merge " m ", A/A control", ratio("limit-merge-again", "limit-merge", m), "ratio", "", "", "")
        row("merge " m, ratio("ours-merge", "limit-merge", m), "ratio", "<= 2", "google/pprof", ratio("pprof-merge", "limit-merge", m))
        row("merge " m ", peak memory", mb("ours-peak", m), "MB", m == "60x10k" ? "<= 60" : "", "google/pprof", mb("pprof-peak", m))
    }

    printf "\ngrowth: CPU time per sample, in ns\n\n%10s  %10s %10s\n", "", "delta", "merge of 10"
    for (s in samples) order[samples[s]] = s
    for (n = 1000; n <= 100000; n *= 10) {
        s = order[n]
        printf "%10s  %10.0f %10.0f\n", s, low("ours", s) / n, low("ours-merge", "10x" s) / n / 10
        row("delta " s ", per sample", sprintf("%.0f", low("ours", s) / n), "ns", "", "", "")
        row("merge 10x" s ", per sample", sprintf("%.0f", low("ours-merge", "10x" s) / n / 10), "ns", "", "", "")
    }

    printf "\nallocations of a delta in steady state (goal 0):"
    for (i = 1; i <= files; i++) {
        printf "%s %s %d", (i > 1 ? "," : ""), file[i], low("allocations", file[i])
        row("allocations a delta " file[i], low("allocations", file[i]) + 0, "calls", "0", "", "")
    }
    printf "\ncall tree from 60 x 10k: %.3f s in one thread (goal <= 0.3 s); to inflate them and decode each varint: %.3f s\n",
        low("tree", "60x10k") / 1e9, low("limit-tree", "60x10k") / 1e9
    row("call tree 60x10k, inflate and decode the inputs", sprintf("%.3f", low("limit-tree", "60x10k") / 1e9), "s", "", "", "")
    row("call tree 60x10k", sprintf("%.3f", low("tree", "60x10k") / 1e9), "s", "<= 0.3", "", "")
}
