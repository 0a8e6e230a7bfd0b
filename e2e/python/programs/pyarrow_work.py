"""pyarrow: Arrow's C++ calls Python back for functions, and from threads of its own for files."""

import io

import mark

mark.everywhere(seconds=0)

import pandas  # which pyarrow would import in a first call
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.ipc
import pyarrow.json
import pyarrow.parquet as pq


class File(io.BytesIO):
    def read(self, size=-1):
        mark.mark()
        return super().read(size)

    def write(self, data):
        mark.mark()
        return super().write(data)


def twice(context, values):
    mark.mark()
    return pc.multiply(values, 2)


def bad(row):
    mark.mark()
    return "skip"


class Point:
    def __arrow_array__(self, type=None):
        mark.mark()
        return pa.array([1, 2])

    def __arrow_c_stream__(self, requested_schema=None):
        mark.mark()
        return pa.table({"a": [1, 2, 3]}).__arrow_c_stream__(requested_schema)


def batches(schema):
    for i in range(5):
        mark.mark()
        yield pa.record_batch([pa.array(range(i * 10, i * 10 + 10))], schema=schema)


def values():
    for i in range(10):
        mark.mark()
        yield {"a": i, "b": [str(i)]}


def main():
    schema = pa.schema([("a", pa.int64())])
    pc.register_scalar_function(twice, "twice", {"summary": "", "description": ""}, {"x": pa.int64()}, pa.int64())
    table = pa.Table.from_batches(batches(schema))
    pc.call_function("twice", [table["a"]])
    pa.RecordBatchReader.from_batches(schema, batches(schema)).read_all()
    pa.array(values())
    pa.array(Point())
    pa.table(Point())
    file = File()
    pq.write_table(table, file)
    file.seek(0)
    pq.read_table(file, use_threads=True)
    file = File()
    with pa.ipc.new_file(pa.PythonFile(file, "w"), schema) as out:
        out.write(table)
    file.seek(0)
    pa.ipc.open_file(pa.PythonFile(file, "r")).read_all()
    text = b"a,b\n" + b"".join(b"%d,x%d\n" % (i, i) for i in range(2000)) + b"1,2,3\n"
    options = {"read_options": pa.csv.ReadOptions(block_size=4000), "parse_options": pa.csv.ParseOptions(invalid_row_handler=bad)}
    assert pa.csv.read_csv(File(text), **options).num_rows == 2000
    for batch in pa.csv.open_csv(File(text), **options):
        mark.mark()
    pa.json.read_json(File(b'{"a": 1, "b": [1, 2]}\n' * 100))
    for _ in range(20):
        table.append_column("b", pc.cast(table["a"], pa.string())).group_by("b").aggregate([("a", "sum")]).sort_by("b").to_pylist()
        table.filter(pc.field("a") > 7).to_pydict()


main()
