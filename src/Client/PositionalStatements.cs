using Broker.Client.Protocol.Values;

namespace Broker.Client;

/// <summary>
/// Statements as a text with $1, $2, ... and the values in order. The text is sent as it is given: never put a value into it. (An
/// interpolated string never comes here: the client's own methods take it.) For a null say its type: <c>Parameter.Null&lt;int&gt;()</c>.
/// </summary>
public static class PositionalStatements
{
    /// <inheritdoc cref="BrokerClient.ExecuteAsync(string, SqlInterpolation, CancellationToken)"/>
    public static ValueTask<long> ExecuteAsync(this BrokerClient client, string database, string sql,
        params ReadOnlySpan<object?> values) =>
        client.ExecuteAsync(database, Statement.Of(sql, values), CancellationToken.None);

    /// <inheritdoc cref="BrokerClient.ExecuteAsync(string, SqlInterpolation, CancellationToken)"/>
    public static ValueTask<long> ExecuteAsync(
        this BrokerClient client, string database, string sql, CancellationToken cancellation, params ReadOnlySpan<object?> values) =>
        client.ExecuteAsync(database, Statement.Of(sql, values), cancellation);

    /// <inheritdoc cref="BrokerClient.QueryAsync{T}(string, SqlInterpolation, CancellationToken)"/>
    public static ValueTask<IReadOnlyList<T>> QueryAsync<T>(this BrokerClient client, string database, string sql,
        params ReadOnlySpan<object?> values) =>
        client.QueryAsync<T>(database, Statement.Of(sql, values), CancellationToken.None);

    /// <inheritdoc cref="BrokerClient.QueryAsync{T}(string, SqlInterpolation, CancellationToken)"/>
    public static ValueTask<IReadOnlyList<T>> QueryAsync<T>(
        this BrokerClient client, string database, string sql, CancellationToken cancellation, params ReadOnlySpan<object?> values) =>
        client.QueryAsync<T>(database, Statement.Of(sql, values), cancellation);

    /// <inheritdoc cref="BrokerClient.QuerySingleAsync{T}(string, SqlInterpolation, CancellationToken)"/>
    public static ValueTask<T> QuerySingleAsync<T>(this BrokerClient client, string database, string sql,
        params ReadOnlySpan<object?> values) =>
        client.QuerySingleAsync<T>(database, Statement.Of(sql, values), CancellationToken.None);

    /// <inheritdoc cref="BrokerClient.QuerySingleAsync{T}(string, SqlInterpolation, CancellationToken)"/>
    public static ValueTask<T> QuerySingleAsync<T>(
        this BrokerClient client, string database, string sql, CancellationToken cancellation, params ReadOnlySpan<object?> values) =>
        client.QuerySingleAsync<T>(database, Statement.Of(sql, values), cancellation);

    /// <inheritdoc cref="BrokerClient.QuerySingleOrDefaultAsync{T}(string, SqlInterpolation, CancellationToken)"/>
    public static ValueTask<T?> QuerySingleOrDefaultAsync<T>(
        this BrokerClient client, string database, string sql, params ReadOnlySpan<object?> values) =>
        client.QuerySingleOrDefaultAsync<T>(database, Statement.Of(sql, values), CancellationToken.None);

    /// <inheritdoc cref="BrokerClient.QuerySingleOrDefaultAsync{T}(string, SqlInterpolation, CancellationToken)"/>
    public static ValueTask<T?> QuerySingleOrDefaultAsync<T>(
        this BrokerClient client, string database, string sql, CancellationToken cancellation, params ReadOnlySpan<object?> values) =>
        client.QuerySingleOrDefaultAsync<T>(database, Statement.Of(sql, values), cancellation);

    /// <inheritdoc cref="BrokerClient.StreamAsync{T}(string, SqlInterpolation, CancellationToken)"/>
    public static IAsyncEnumerable<T> StreamAsync<T>(this BrokerClient client, string database, string sql,
        params ReadOnlySpan<object?> values) =>
        client.StreamAsync<T>(database, Statement.Of(sql, values), CancellationToken.None);

    /// <inheritdoc cref="BrokerClient.StreamAsync{T}(string, SqlInterpolation, CancellationToken)"/>
    public static IAsyncEnumerable<T> StreamAsync<T>(
        this BrokerClient client, string database, string sql, CancellationToken cancellation, params ReadOnlySpan<object?> values) =>
        client.StreamAsync<T>(database, Statement.Of(sql, values), cancellation);

    /// <inheritdoc cref="BrokerClient.CopyInAsync(string, SqlInterpolation, Stream, CancellationToken)"/>
    public static ValueTask<long> CopyInAsync(this BrokerClient client, string database, string sql, Stream source,
        CancellationToken cancellation = default) =>
        client.CopyInAsync(database, new Statement(sql), source, cancellation);

    /// <inheritdoc cref="BrokerClient.CopyInAsync(string, SqlInterpolation, Stream, CancellationToken)"/>
    public static ValueTask<long> CopyInAsync(
        this BrokerClient client, string database, string sql, IAsyncEnumerable<ReadOnlyMemory<byte>> source,
            CancellationToken cancellation = default) =>
        client.CopyInAsync(database, new Statement(sql), source, cancellation);

    /// <inheritdoc cref="BrokerClient.CopyOutAsync(string, Statement, CancellationToken)"/>
    public static ValueTask<Stream> CopyOutAsync(this BrokerClient client, string database, string sql,
        CancellationToken cancellation = default) =>
        client.CopyOutAsync(database, new Statement(sql), cancellation);
}
