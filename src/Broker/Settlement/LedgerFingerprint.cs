using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Broker.Client.Protocol.Values;

namespace Broker.Settlement;

/// <summary>
/// A number for what was asked under a key: text, types and values. The same request gives the same number in every process and on every
/// day; different ones give the same with a chance of 1 in 2^64.
/// </summary>
internal static class LedgerFingerprint
{
    /// <summary>Of a statement and what its names mean: role, search path and settings. How long it may take does not count.</summary>
    internal static long Of(Statement statement, CallerContext? context = null)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var visitor = new Hashing(hash);
        visitor.Add(statement.Text);
        foreach (var parameter in statement.Parameters)
        {
            parameter.Accept(visitor);
        }
        if (context is not null && (context.Role is not null || context.SearchPath is not null || !context.Settings.IsEmpty))
        {
            visitor.Add("under");
            visitor.Add(context.Role ?? "");
            visitor.Add(context.SearchPath ?? "");
            foreach (var (name, value) in context.Settings)
            {
                visitor.Add(name);
                visitor.Add(value);
            }
        }
        return BinaryPrimitives.ReadInt64LittleEndian(hash.GetHashAndReset());
    }

    private sealed class Hashing(IncrementalHash hash) : IParameterVisitor
    {
        public void Visit<T>(T value) where T : notnull
        {
            Add(typeof(T).Name);
            Add(value);
        }

        public void VisitNull<T>() where T : notnull => Add(typeof(T).Name + "?");

        internal void Add(object value)
        {
            switch (value)
            {
                case string text: AddBytes(Encoding.UTF8.GetBytes(text)); break;
                case byte[] bytes: AddBytes(bytes); break;
                case ReadOnlyMemory<byte> bytes: AddBytes(bytes.Span); break;
                // Their own texts would not tell "1" from 1, nor one document from another.
                case JsonElement element: Add(element.GetRawText()); break;
                case JsonDocument document: Add(document.RootElement.GetRawText()); break;
                // "o" and "R" keep every digit
                case DateTime time: Add(time.ToString("o", CultureInfo.InvariantCulture)); break;
                case DateTimeOffset time: Add(time.ToString("o", CultureInfo.InvariantCulture)); break;
                case TimeOnly time: Add(time.ToString("o", CultureInfo.InvariantCulture)); break;
                case IFormattable number: Add(number.ToString(null, CultureInfo.InvariantCulture)); break;
                case System.Collections.IEnumerable items: AddItems(items); break;
                default: Add(value.ToString() ?? ""); break;
            }
        }

        private void AddItems(System.Collections.IEnumerable items)
        {
            Add("[");
            foreach (var item in items)
            {
                if (item is null)
                {
                    AddNull();
                }
                else
                {
                    Add(item);
                }
            }
            Add("]");
        }

        /// <summary>A NULL is no text, not even the one that says so: its length is none that a text has.</summary>
        private void AddNull()
        {
            Span<byte> length = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(length, -1);
            hash.AppendData(length);
        }

        /// <summary>The length first, so that "ab","c" and "a","bc" differ.</summary>
        private void AddBytes(ReadOnlySpan<byte> bytes)
        {
            Span<byte> length = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }
    }
}
