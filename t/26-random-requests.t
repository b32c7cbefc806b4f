#!/usr/bin/perl
# Thousands of random bodies against a second reading of the contract. The
# seed is fixed; SR_SEED and SR_REQUESTS choose another one and how many.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect);
use Strongroom::Json qw(like_json decode compact_fault);
use Strongroom::Seed;

my $seed = seeded(7);
my $count = $ENV{SR_REQUESTS} // 3000;

my %MSG = (
    missing => ['field required', 'value_error.missing'],
    null => ['none is not an allowed value', 'type_error.none.not_allowed'],
    str => ['str type expected', 'type_error.str'],
    bool => ['value could not be parsed to a boolean', 'type_error.bool'],
    dict => ['value is not a valid dict', 'type_error.dict'],
    list => ['value is not a valid list', 'type_error.list'],
    enum => ['value is not a valid enumeration member', 'type_error.enum'],
    min => ['ensure this value has at least 1 characters',
	'value_error.any_str.min_length'],
    max => ['ensure this value has at most 255 characters',
	'value_error.any_str.max_length'],
    nul => ['null characters are not allowed',
	'value_error.any_str.null_character'],
    time => ['invalid datetime format', 'value_error.datetime'],
);
my @TYPES = qw(sentry jira linear confluence slack github);
my @STATUS = qw(active inactive pending error);
my @AUTH = qw(access_token refresh_token token_type expires_at scope code);
my @SCOPE = qw(org_slug installation_id workspace_id project_id);
my @META = qw(instance_name created_via version description tags);

sub one { $_[rand @_] }
sub maybe { rand() < $_[0] }

# A JSON string: its text; an escape now and then.
sub string {
	my $n = maybe(0.06) ? one(0, 254, 255, 256, 257, 600) : int rand 12;
	my $text = '';
	for (1 .. $n) {
		my $roll = rand;
		$text .= $roll < 0.6 ? one('a' .. 'z', 0 .. 9, ' ', '/', '<', "'")
		    : $roll < 0.7 ? one("\xc3\xa9", "\xe5\x90\x8d", "\xe2\x80\xa8",
			"\xf0\x9f\x94\x91", "\x7f")
		    : $roll < 0.8 ? one('\\n', '\\"', '\\\\', '\\/', '\\t', '\\b')
		    : $roll < 0.998 ? sprintf('\\u%04x', one(0x1f, 0x41, 0xe9,
			0x3042, 0xd7ff, 0xe000, 0xffff))
		    : one('\\u0000', '\\ud83d\\ude00', '\\uD83D\\uDD11');
	}
	return "\"$text\"";
}

sub kind {
	my ($text) = @_;
	return { '"' => 'string', '{' => 'object', '[' => 'array', t => 'bool',
	    f => 'bool', n => 'null' }->{ substr $text, 0, 1 } // 'number';
}

sub odd { one('null', 'true', 'false', '0', '-1.5', '1e400', '[]', '{}',
    '["a"]', '{"a":1}', '12345678901234567890') }

# Moments are put together from parts that fit and parts that do not.
sub part { maybe(0.04) ? one('', 'x', '00', '99', '-', '+', ' ', '2', '.') : one(@_) }

sub moment {
	my $roll = rand;
	return one('1700000000', '-1', '1e309', '1e308', 'null', 'true', '[]',
	    '""', '"now"') if $roll < 0.2;
	return '"' . part('', '-') . part(0 .. 9, '1700000000', '9' x 308)
	    . part('', '', '.5', '.25', 'e1') . '"' if $roll < 0.4;
	return '"' . part('2024', '0001', '9999', '1900') . part('-')
	    . part('01', '02', '06', '12') . part('-')
	    . part('01', '15', '28', '29', '30', '31') . part('T', 't', ' ')
	    . part('00', '10', '23') . part(':') . part('00', '30', '59')
	    . part('', ':00', ':59', ':30.1', ':30.123456', ':30.123456789012',
		':30.1234567890123', ':60')
	    . part('', 'Z', 'z', '+00', '-0530', '+05:30', '-23:59', '+24', '+0060')
	    . '"';
}

my $DAYS = '(?:0[1-9]|1[0-9]|2[0-8])';

sub is_leap { $_[0] % 4 == 0 && ($_[0] % 100 != 0 || $_[0] % 400 == 0) }

# The contract once more, by patterns.
sub is_moment {
	my ($value) = @_;
	return 1 if $value eq 'null';
	return $value + 0 < 9**9**9 && $value + 0 > -9**9**9
	    if kind($value) eq 'number';
	return 0 if $value !~ /\A"(.*)"\z/s;
	my $text = $1;
	return $text + 0 < 9**9**9 && $text + 0 > -9**9**9
	    if $text =~ /\A-?[0-9]+(?:\.[0-9]+)?\z/;
	return 0 if $text !~ /\A([0-9]{4})-([0-9]{2}-[0-9]{2})[Tt ](.*)\z/s;
	my ($year, $day, $rest) = ($1, $2, $3);
	return 0 if $year eq '0000' || $day !~ /\A(?:(?:0[1-9]|1[0-2])-$DAYS
	    |(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31|02-29)\z/x;
	return 0 if $day eq '02-29' && !is_leap($year);
	return $rest =~ /\A(?:[01][0-9]|2[0-3]):[0-5][0-9]
	    (?::[0-5][0-9](?:\.[0-9]{1,12})?)?
	    (?:[Zz]|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?\z/x;
}

sub object {
	my (@names) = @_;
	return odd() if maybe(0.06);
	my %member;
	for my $name (@names) {
		next if maybe(0.5);
		$member{$name} = $name eq 'expires_at' ? moment()
		    : $name eq 'scope' && maybe(0.3) ? [map {
			maybe(0.1) ? odd() : string() } 1 .. rand 4]
		    : $name =~ /_id\z|\Aorg_slug\z/ && maybe(0.3)
		    ? one(qw(0 -7 12345678 -0 1.0 1e3 99999999999999999999))
		    : $name eq 'tags' ? (maybe(0.1) ? odd() : [map {
			maybe(0.05) ? odd() : string() } 1 .. rand 4])
		    : maybe(0.06) ? odd() : string();
	}
	$member{ one('x', 'Zz', 'other', '') . int rand 9 } =
	    one(odd(), string()) while maybe(0.3);
	return \%member;
}

sub text_of {
	my ($value) = @_;
	return $value if !ref $value;
	return '[' . join(',', map { text_of($_) } @$value) . ']'
	    if ref $value eq 'ARRAY';
	my %place = map { $_ => rand } sort keys %$value;
	my @names = sort { $place{$a} <=> $place{$b} } keys %place;
	return '{' . join(one(',', ', '), map { "\"$_\"" . one(':', ' : ')
	    . text_of($value->{$_}) } @names) . '}';
}

# The checks of one string: the first fault of its field, or nothing.
sub text_fault {
	my ($text, %o) = @_;
	my $kind = kind($text);
	return $o{null} ? () : 'null' if $kind eq 'null';
	return 'str' if $kind ne 'string';
	my $is = decode($text);
	return 'min' if $o{min} && $is eq '';
	return 'max' if $o{max} && length $is > 255;
	return 'nul' if $o{nul} && $is =~ /\0/;
	return;
}

# What stands in for a string at these members.
sub is_other_text {
	my ($name, $value) = @_;
	return $name =~ /\A(?:org_slug|(?:installation|workspace|project)_id)\z/
	    && !ref $value && $value =~ /\A-?[0-9]+\z/ if $name ne 'scope';
	return 1 if !ref $value && ($value eq '[]' || $value eq '["a"]');
	return ref $value && !grep { kind($_) ne 'string' } @$value;
}

sub inner_faults {
	my ($object, $at, @names) = @_;
	return [[$at], 'dict'] if !ref $object && $object ne '[]'
	    && kind($object) !~ /object|null/;
	my %m = ref $object ? %$object : ();
	my @faults;
	for my $name (@names) {
		my $value = $m{$name} // next;
		if ($name eq 'expires_at') {
			push @faults, [[$at, $name], 'time']
			    if !is_moment($value);
		} elsif ($name eq 'tags' && !ref $value) {
			next if kind($value) eq 'null';
			push @faults, $value eq '["a"]' || $value eq '[]' ? ()
			    : [[$at, $name], 'list'];
		} elsif ($name eq 'tags') {
			for my $i (0 .. $#$value) {
				my $fault = text_fault($value->[$i]) // next;
				push @faults, [[$at, $name, $i], $fault];
			}
		} elsif (!is_other_text($name, $value)) {
			my $fault = ref $value ? 'str'
			    : text_fault($value, null => 1) // next;
			push @faults, [[$at, $name], $fault];
		}
	}
	return @faults;
}

sub faults {
	my ($m) = @_;
	my @faults;
	my $add = sub { push @faults, [[$_[0]], $_[1]] if defined $_[1] };
	$add->('name', defined $m->{name} ? text_fault($m->{name}, min => 1,
	    max => 1, nul => 1) : 'missing');
	for my $enum ([integration_type => @TYPES], [status => @STATUS]) {
		my ($name, @values) = @$enum;
		my $value = $m->{$name};
		$add->($name, !defined $value
		    ? $name eq 'status' ? undef : 'missing'
		    : kind($value) eq 'null' ? 'null'
		    : grep({ $value eq "\"$_\"" } @values) ? undef : 'enum');
	}
	$add->('active', !defined $m->{active} ? undef
	    : kind($m->{active}) eq 'null' ? 'null'
	    : kind($m->{active}) eq 'bool' ? undef : 'bool');
	for my $inner ([auth_data => @AUTH], [scope_data => @SCOPE],
	    [metadata => @META]) {
		my ($at, @names) = @$inner;
		push @faults, inner_faults($m->{$at}, $at, @names)
		    if defined $m->{$at};
	}
	$add->('unique_identifier', defined $m->{unique_identifier}
	    ? text_fault($m->{unique_identifier}, null => 1, max => 1, nul => 1)
	    : undef);
	return @faults;
}

sub filled { defined $_[0] && kind($_[0]) eq 'string' && $_[0] ne '""' }

sub answer_to {
	my ($m) = @_;
	my %auth = ref $m->{auth_data} ? %{ $m->{auth_data} } : ();
	my %scope = ref $m->{scope_data} ? %{ $m->{scope_data} } : ();
	my %meta = ref $m->{metadata} ? %{ $m->{metadata} }
	    : ($m->{metadata} // '') eq '{"a":1}' ? (a => 1) : ();
	my $type = $m->{integration_type};
	my $uid = filled($m->{unique_identifier}) ? $m->{unique_identifier}
	    : '"' . $type =~ tr/"//dr . '-<uuid>"';
	my $tags = $meta{tags};
	$tags = !defined $tags || $tags eq 'null' ? '[]' : text_of($tags);
	my $flag = sub { (grep { filled($_) } @_) ? 'true' : 'false' };
	my $scoped = (grep { filled($_) || (defined && /\A-?[0-9]+\z/) }
	    @scope{qw(org_slug workspace_id)}) ? 'true' : 'false';
	my $d = '"instance_name":'
	    . (filled($meta{instance_name}) ? $meta{instance_name} : $m->{name})
	    . ',"created_via":' . (filled($meta{created_via})
	    ? $meta{created_via} : '"manual"')
	    . ',"version":' . ($meta{version} // 'null')
	    . ',"description":' . ($meta{description} // 'null')
	    . ",\"tags\":$tags";
	delete @meta{@META};
	my @order = $m->{order} ? grep { exists $meta{$_} } @{ $m->{order} } : ();
	$d .= ",\"$_\":$meta{$_}" for @order;
	return '{"success":true,"data":{"integration_id":"<uuid>","name":'
	    . "$m->{name},\"integration_type\":$type,\"status\":"
	    . ($m->{status} // '"active"') . ',"active":'
	    . ($m->{active} // 'true') . ",\"unique_identifier\":$uid,"
	    . '"created_by":"<user>","created_at":"<time>","has_auth_data":'
	    . $flag->($auth{access_token}) . ',"has_scope_data":'
	    . "$scoped,\"metadata\":{$d}},\"error\":null}";
}

my $house = house(conf => { log_level => 'warning' });
$house->worker;
my $sock = fcgi_connect($house->{worker}{socket});
my (%seen, %status, $wrong);
for my $n (1 .. $count) {
	my %m;
	$m{name} = maybe(0.08) ? odd() : string() if !maybe(0.03);
	$m{integration_type} = maybe(0.08) ? odd() : maybe(0.04) ? string()
	    : '"' . one(@TYPES) . '"' if !maybe(0.03);
	$m{status} = maybe(0.1) ? one(odd(), string())
	    : '"' . one(@STATUS) . '"' if maybe(0.5);
	$m{active} = maybe(0.1) ? odd() : one('true', 'false') if maybe(0.5);
	$m{auth_data} = object(@AUTH) if maybe(0.6);
	$m{scope_data} = object(@SCOPE) if maybe(0.6);
	$m{metadata} = object(@META) if maybe(0.6);
	$m{unique_identifier} = maybe(0.1) ? odd() : string() if maybe(0.4);
	$m{one('Name', 'extra', 'names')} = one(odd(), string()) if maybe(0.2);
	next if filled($m{unique_identifier})
	    && $seen{ decode($m{unique_identifier}) }++;

	my $body = text_of(\%m);
	my @faults = faults(\%m);
	my ($status, $want) = (200);
	if (@faults) {
		$status = 422;
		$want = '{"detail":[' . join(',', map {
			my ($loc, $kind) = @$_;
			'{"loc":[' . join(',', '"body"', map { /\A\d+\z/ ? $_
			    : "\"$_\"" } @$loc)
			    . "],\"msg\":\"$MSG{$kind}[0]\",\"type\":"
			    . "\"$MSG{$kind}[1]\"}";
		} @faults) . ']}';
	} else {
		# The order of other members is that of their first appearance.
		my ($meta) = $body =~ /"metadata"[ :]+(\{.*)/s;
		my @names = ref $m{metadata} ? keys %{ $m{metadata} } : 'a';
		my %at = map { $_ => ($meta // '') =~ /"\Q$_\E" ?:/
		    ? $-[0] : -1 } @names;
		$m{order} = [sort { $at{$a} <=> $at{$b} } @names];
		$want = answer_to(\%m);
	}
	my $answer = $house->fcgi(sock => $sock, keep => 1, body => $body);
	$status{ $answer->{status} }++;
	my $fault = $answer->{status} != $status
	    ? "status $answer->{status} instead of $status"
	    : like_json($answer->{body}, $want, $house->user)
	    || compact_fault($answer->{body});
	next if !$fault;
	diag("request $n: $fault\nbody:     $body\nexpected: $want\n"
	    . "got:      $answer->{body}") if ++$wrong <= 5;
}
close $sock;
is($wrong // 0, 0, "all of $count random requests get the expected answer");
cmp_ok($status{$_} // 0, '>', $count / 10, "there were enough of $_")
    for 200, 422;
is(scalar @{ $house->integrations }, $status{200},
    'there is a row for each 200');
is($house->admin('check')->{exit}, 0, 'every box opens');

finish();
