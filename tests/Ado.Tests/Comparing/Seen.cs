using System.Collections;
using System.Data.Common;
using System.Globalization;

namespace Broker.Ado.Tests.Comparing;

/// <summary>What one provider did, line by line, in words that are the same for both when they did the same.</summary>
public sealed class Seen
{
    private readonly List<string> _lines = [];

    /// <summary>All of it.</summary>
    public IReadOnlyList<string> Lines => _lines;

    /// <summary>Notes a value.</summary>
    public void Add(object? value) => _lines.Add(Words(value));

    /// <summary>Notes a value, and what it is.</summary>
    public void Add(string what, object? value) => _lines.Add($"{what}: {Words(value)}");

    /// <summary>Notes what comes of something: its value, or what it throws.</summary>
    public void Try(string what, Func<object?> doIt)
    {
        try
        {
            Add(what, doIt());
        }
        catch (Exception thrown)
        {
            _lines.Add($"{what}: {Words(thrown)}");
        }
    }

    /// <summary>The same for what only may throw.</summary>
    public void Try(string what, Action doIt) => Try(what, () =>
    {
        doIt();
        return "done";
    });

    /// <summary>The same for what has to be waited for.</summary>
    public async Task TryAsync(string what, Func<Task<object?>> doIt)
    {
        try
        {
            Add(what, await doIt());
        }
        catch (Exception thrown)
        {
            _lines.Add($"{what}: {Words(thrown)}");
        }
    }

    /// <summary>The same for what only may throw.</summary>
    public Task TryAsync(string what, Func<Task> doIt) => TryAsync(what, async () =>
    {
        await doIt();
        return "done";
    });

    private static string Words(Exception thrown) => thrown is DbException failed
        ? $"SQLSTATE {failed.SqlState}{(failed.IsTransient ? ", transient" : "")}"
        : thrown is ArgumentException ? nameof(ArgumentException)
        : thrown.GetType().Name;

    private static string Words(object? value) => value switch
    {
        null => "null",
        DBNull => "DBNull",
        string text => $"\"{text}\"",
        Type type => $"Type {type.Name}",
        byte[] bytes => $"bytes {Convert.ToHexString(bytes)}",
        DateTime time => $"{time:O} {time.Kind}",
        Array { Rank: > 1 } array => $"{array.GetType().Name} {string.Join(", ", array.Cast<object?>().Select(Words))}",
        IEnumerable many => $"{value.GetType().Name} [{string.Join(", ", many.Cast<object?>().Select(Words))}]",
        IFormattable formattable => $"{value.GetType().Name} {formattable.ToString(null, CultureInfo.InvariantCulture)}",
        _ => $"{value.GetType().Name} {value}",
    };
}
