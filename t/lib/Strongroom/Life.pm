package Strongroom::Life;

# The life of an integration at one door: every route is asked, and says what it
# says at every other door.

use strict;
use warnings;
use Exporter 'import';
use MIME::Base64 qw(encode_base64url);
use Strongroom;
use Strongroom::Http qw(raw_http);
use Strongroom::Json qw(decode);
use Test::More;

our @EXPORT_OK = qw(life_passes metrics_are_local);

my $ALL = '/api/v2/integrations';
my $auth = '{"access_token":"t" , "refresh_token":"r"}';

# A request of a key that may do all, without a body unless it has one.
sub _asker {
	my ($house, $send) = @_;
	my $key = $house->admin_ok(qw(key create --user user_abc123 --scopes),
	    'save,read,reveal,verify,admin') =~ s/\n//r;
	return sub {
		my ($method, $path, %o) = @_;
		return $send->(method => $method, path => $path, key => $key,
		    exists $o{body} ? () : (type => undef, length => undef), %o);
	};
}

sub _data {
	my ($answer, $name) = @_;
	is($answer->{status}, 200, $name)
	    || diag(substr $answer->{body}, 0, 500);
	return eval { decode($answer->{body})->{data} } // {};
}

sub _found {
	my ($ask, $way, $id) = @_;
	my $list = _data($ask->('GET', $ALL, query =>
	    "unique_identifier=life+$way&limit=2"), "$way: a list");
	is(join(' ', map { $_->{integration_id} } @{ $list->{integrations} }),
	    $id, "$way: finds it by its identifier");
	my $get = $ask->('GET', "$ALL/$id");
	is(_data($get, "$way: a reading")->{integration_id}, $id,
	    "$way: of this one");
	my $head = $ask->('HEAD', "$ALL/$id");
	is("$head->{status} $head->{body}" . ($head->{headers}{etag} // ''),
	    "200 $get->{headers}{etag}", "$way: HEAD is that without a body");
	is($ask->('GET', $ALL, query => 'limit=x')->{status}, 422,
	    "$way: a query reaches the service");
}

sub _handed_out {
	my ($ask, $way, $id) = @_;
	my $answer = $ask->('GET', "$ALL/$id/auth_data");
	_data($answer, "$way: a reveal");
	like($answer->{body}, qr/"auth_data":\Q$auth\E\}/,
	    "$way: has the bytes that were sent");
	is(_data($ask->('GET', "$ALL/$id/auth_data", query =>
	    'field=refresh_token'), "$way: one member")->{value}, 'r',
	    "$way: is that one");
	my $head = $ask->('HEAD', "$ALL/$id/auth_data");
	is("$head->{status} " . ($head->{headers}{allow} // ''), '405 GET',
	    "$way: HEAD does not count as a reveal");
	my $public = encode_base64url("\x09" . "\0" x 31);
	is(_data($ask->('POST', "$ALL/$id/auth_data/sealed", body =>
	    qq({"public_key":"$public"})), "$way: a sealed one")->{algorithm},
	    'crypto_box_seal', "$way: says how");
	ok(!_data($ask->('POST', "$ALL/$id/verify", body =>
	    '{"access_token":"x"}'), "$way: a guess")->{matches},
	    "$way: is wrong");
}

sub _keys {
	my ($ask, $send, $way) = @_;
	my $keys = '/api/v2/api-keys';
	my $self = _data($ask->('GET', "$keys/self"), "$way: one's own key");
	my $made = _data($ask->('POST', $keys, body => '{"name":"narrow",'
	    . '"scopes":["read"],"types":["jira"]}'), "$way: another key");
	is($send->(key => $made->{api_key}, body => with_auth($auth))->{status},
	    403, "$way: that may do less");
	my $next = _data($ask->('POST', "$keys/$made->{public_id}/rotate",
	    body => '{}'), "$way: one in its place");
	is($send->(method => 'GET', path => $ALL, key => $next->{api_key},
	    type => undef, length => undef)->{status}, 200, "$way: opens");
	my $list = _data($ask->('GET', $keys), "$way: all keys");
	is(scalar(grep { $_->{public_id} eq $self->{public_id} }
	    @{ $list->{api_keys} }), 1, "$way: this one among them");
	_data($ask->('DELETE', "$keys/$made->{public_id}"), "$way: revoked");
	is($send->(method => 'GET', path => $ALL, key => $next->{api_key},
	    type => undef, length => undef)->{status}, 401,
	    "$way: and with it what replaced it");
}

sub _audited {
	my ($ask, $way, $id) = @_;
	my ($rows) = grep { ref eq 'ARRAY' } values %{ _data($ask->('GET',
	    '/api/v2/audit', query => "integration_id=$id"),
	    "$way: the audit") };
	is(join(' ', map { $_->{action} } reverse @$rows),
	    'save reveal reveal reveal_sealed verify delete',
	    "$way: has all of it");
}

sub _described {
	my ($send, $way) = @_;
	my %kind = ('/openapi.json' => 'application/json',
	    '/docs' => 'text/html; charset=utf-8');
	for my $path (sort keys %kind) {
		my $answer = $send->(method => 'GET', path => $path,
		    key => undef, type => undef, length => undef);
		is("$answer->{status} $answer->{headers}{'content-type'}",
		    "200 $kind{$path}", "$way: $path");
		cmp_ok(length $answer->{body}, '>', 1000, "$way: is all there");
	}
}

# send takes a request as the house's doors do.
sub life_passes {
	my ($house, $send, $way) = @_;
	my $ask = _asker($house, $send);
	my $id = _data($ask->('POST', SAVE, body => with_auth($auth,
	    qq("unique_identifier":"life $way",))), "$way: a save")
	    ->{integration_id};
	_found($ask, $way, $id);
	_handed_out($ask, $way, $id);
	_data($ask->('DELETE', "$ALL/$id"), "$way: deleted");
	is($ask->('GET', "$ALL/$id")->{status}, 404, "$way: and gone");
	_audited($ask, $way, $id);
	_keys($ask, $send, $way);
	_described($send, $way);
	changes_pass($send, $way);
}

# That a web server lets nobody but this machine at the figures, who needs a
# key all the same, and lets Authorization through there, if it can.
sub metrics_are_local {
	my ($house, $front, $way, %o) = @_;
	my $ask = sub {
		my ($from, $path, @lines) = @_;
		return raw_http($front->{port}, join("\r\n", 'GET '
		    . ($o{under} // '') . "$path HTTP/1.1", 'Host: localhost',
		    'Connection: close', @lines, '', ''), from => $from);
	};
	# Whoever gets there with this key is told of its scope.
	for my $path ('/%6detrics', '/x/../metrics', '/./metrics', '//metrics',
	    '/metrics/', '/metrics?x=y', @{ $o{also} // [] }) {
		unlike($ask->('127.0.0.2', $path, 'x-api-key: ' . $house->key)
		    ->{body}, qr/scope/, "$way: nor by $path");
	}
	my $far = $ask->('127.0.0.2', '/metrics', 'x-api-key: ' . $house->key);
	is("$far->{status} $far->{body}", '403 {"detail":"Forbidden"}',
	    "$way: no metrics for others");
	is($ask->('127.0.0.1', '/metrics')->{body}, '{"detail":"API key is required"}',
	    "$way: nor for this machine without a key");
	is($ask->('127.0.0.1', '/metrics', 'Authorization: Bearer ' . $house->key)->{body},
	    '{"detail":"API key lacks the scope: metrics"}',
	    "$way: Authorization passes") if !$o{no_bearer};
}

1;
